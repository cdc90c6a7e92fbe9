import { CITIES, CLASSES, COUNTRIES, MANUFACTURERS, MODELS, serialOf } from './many-things.mjs';

/** A random number from 0 to below n, the same in each run. */
function chance(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const text = (operator, name, value) => ({ operator, name, value });
const range = (operator, name, min, max) => ({ operator, name, min, max });
const mask = (name, value) => ({ operator: 'strMask', name, value, wildcard: '*' });

/**
 * What is searched for, by its title: each gives the operators of another search each time. All kinds of operators, on tags that are
 * different for each Thing and on tags that thousands share.
 */
export function searches(count) {
  const random = chance(1);
  const serial = () => serialOf(1 + random(count));
  const city = () => `City ${random(CITIES)}`;
  const latitude = () => random(180_000) / 1000 - 90;
  const longitude = () => random(360_000) / 1000 - 180;
  const all = {};
  for (const comparison of ['Eq', 'NEq', 'Gt', 'GtEq', 'Lt', 'LtEq']) {
    all[`str${comparison} SN`] = () => [text(`str${comparison}`, 'SN', serial())];
    all[`str${comparison} CITY`] = () => [text(`str${comparison}`, 'CITY', city())];
    all[`num${comparison} LAT`] = () => [text(`num${comparison}`, 'LAT', latitude())];
    all[`num${comparison} V`] = () => [text(`num${comparison}`, 'V', 1 + random(90) / 10)];
  }
  for (const kind of ['Range', 'NRange']) {
    all[`str${kind} SN`] = () => [range(`str${kind}`, 'SN', ...[serial(), serial()].sort())];
    all[`num${kind} LON`] = () => [range(`num${kind}`, 'LON', ...[longitude(), longitude()].sort((a, b) => a - b))];
  }
  all['strEq nowhere'] = () => [text('strEq', 'SN', `x${random(1000)}`)];
  all['strMask SN 12345*'] = () => [mask('SN', `${serial().slice(0, 5)}*`)];
  all['strMask SN *45678'] = () => [mask('SN', `*${serial().slice(7)}`)];
  all['strMask SN *3456*'] = () => [mask('SN', `*${serial().slice(3, 7)}*`)];
  all['strMask SN *34567890*'] = () => [mask('SN', `*${serial().slice(2, 10)}*`)];
  all['strMask SN 12*78*'] = () => [mask('SN', `${serial().slice(0, 2)}*${serial().slice(6, 8)}*`)];
  all['strMask NAME *hall 97*'] = () => [mask('NAME', `*hall ${random(977)}*`)];
  all['strMask CITY *ty 19*'] = () => [mask('CITY', `*ty ${random(CITIES)}*`)];
  all['strMask CITY * (all)'] = () => [mask('CITY', '*')];
  all['strMask SN *zzz* (none)'] = () => [mask('SN', `*zz${random(10)}*`)];
  // Example 38 of XEP-0347: a model of a maker, a mask of its serial number, a range of versions, and an area.
  all['as in the XEP'] = () => {
    const [lat, lon, i] = [latitude(), longitude(), random(MODELS)];
    return [
      text('strEq', 'MAN', `www.maker${i % MANUFACTURERS}.example`),
      text('strEq', 'MODEL', `M${i}`),
      mask('SN', `${random(10)}*`),
      { operator: 'numRange', name: 'V', min: 1, minIncluded: true, max: 8, maxIncluded: false },
      range('numRange', 'LON', lon, lon + 40),
      range('numRange', 'LAT', lat, lat + 20),
    ];
  };
  all['an area of 1 x 2 degrees'] = () => {
    const [lat, lon] = [latitude(), longitude()];
    return [range('numRange', 'LON', lon, lon + 2), range('numRange', 'LAT', lat, lat + 1)];
  };
  all['class and country'] = () => [
    text('strEq', 'CLASS', `Class ${random(CLASSES)}`),
    text('strEq', 'COUNTRY', `Country ${random(COUNTRIES)}`),
  ];
  all['half the world, one city'] = () => [range('numRange', 'LAT', 0, 90), text('strEq', 'CITY', city())];
  all['two halves that share nothing'] = () => [
    text('strEq', 'CLASS', `Class ${2 * random(CLASSES / 2)}`),
    mask('COUNTRY', `Country ${['1', '3'][random(2)]}${['1', '3', '5', '7', '9'][random(5)]}`),
    range('numRange', 'V', 1, 9),
  ];
  // What is one interval is asked for as two.
  all['a band of latitudes, by two comparisons'] = () => {
    const lat = latitude();
    return [
      { operator: 'numGtEq', name: 'LAT', value: lat },
      { operator: 'numLtEq', name: 'LAT', value: lat + 1 },
    ];
  };
  all['a tenth, and half, and nearly all'] = () => [
    text('strEq', 'CLASS', `Class ${random(CLASSES)}`),
    range('numRange', 'LAT', 0, 90),
    { operator: 'strNEq', name: 'COUNTRY', value: `Country ${random(COUNTRIES)}` },
  ];
  // Nothing narrows it down: this is as wide as searches get.
  all['two halves of all that share nothing'] = () => {
    const isEast = random(2) === 1;
    return [text('strEq', 'AREA', isEast ? 'East' : 'West'), text('numEq', 'PHASE', isEast ? 1 : 3)];
  };
  all['the 500th city of ten, by page'] = () => [mask('CITY', 'City 1*'), range('numRange', 'V', 1 + random(8), 9)];
  return all;
}
