import { useApp } from '../../app-context.ts';
import { Age } from '../../components/age.tsx';
import { Lamp } from '../../components/lamp.tsx';
import { QosBadges } from '../../components/qos-badges.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { ThingSymbol } from '../../components/symbol.tsx';
import { formatFieldValue, numberOf, unitOf } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import type { InterfacePanel, PanelElement } from '../../model/interface-panels.ts';
import { lampStateOf } from '../../model/lamp.ts';
import type { ReadoutStatus } from '../../model/readout.ts';
import type { Trends } from '../../model/trends.ts';
import { Control } from './control.tsx';
import { isStale } from './stale.ts';

const SPARK_SECONDS = 120;

interface PanelContext {
  readonly status: ReadoutStatus;
  readonly trends: Trends;
  /** Nothing can be set now. */
  readonly isDisabled: boolean;
}

/** What a Thing is by its interfaces: a lamp has a switch, a thermometer one large number. */
export function InterfacePanels({ panels, ...context }: { readonly panels: readonly InterfacePanel[] } & PanelContext) {
  if (panels.length === 0) return null;
  return (
    <div class="interfaces">
      {panels.map((panel) => (
        <section
          key={panel.name}
          class={`panel interface interface-${panel.layout}`}
          aria-label={panel.title}
          data-testid={`interface-${panel.name}`}
        >
          <header class="interface-title">
            <ThingSymbol name={panel.symbol} layout={panel.layout} />
            <h3>{panel.title}</h3>
          </header>
          <div class="interface-elements">
            {panel.elements.map((element) => (
              <Element key={keyOf(element)} element={element} {...context} />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

function keyOf(element: PanelElement): string {
  return element.kind === 'control' ? `control ${element.control.parameter.name}` : element.reading.key;
}

function Element({ element, ...context }: { readonly element: PanelElement } & PanelContext) {
  if (element.kind === 'control') return <Control control={element.control} isDisabled={context.isDisabled} />;
  return <Reading kind={element.kind} reading={element.reading} {...context} />;
}

function Reading({
  kind,
  reading,
  status,
  trends,
}: { readonly kind: Exclude<PanelElement['kind'], 'control'>; readonly reading: FieldReading } & PanelContext) {
  const { key, field } = reading;
  const isOld = isStale(reading, status);
  const number = numberOf(field.value);
  const points = number === undefined ? [] : trends.recentPointsOf(key, useApp().now.value.getTime(), SPARK_SECONDS);
  const notable = field.qos.filter((flag) => flag !== 'automaticReadout');
  const isMissing = field.qos.includes('missing');
  return (
    <div class={isOld ? 'reading is-stale' : 'reading'} data-testid={`field-${field.name}`}>
      <span class="reading-name">{field.name}</span>
      <span class="reading-value">
        {field.value.type === 'boolean' && <Lamp state={lampStateOf(field)} />}
        <span class="value" data-testid="value">
          {isMissing ? '–' : formatFieldValue(field.value)}
        </span>{' '}
        <span class="unit">{unitOf(field.value)}</span>
      </span>
      {kind === 'gauge' && number !== undefined && !isMissing && (
        <meter class="reading-gauge" min={0} max={100} value={number} aria-label={field.name} />
      )}
      {kind === 'value' && <Sparkline points={points} seconds={SPARK_SECONDS} />}
      {notable.length > 0 && <QosBadges flags={notable} />}
      {isOld && <Age time={field.timestamp} />}
    </div>
  );
}
