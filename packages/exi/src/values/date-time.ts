import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { ValueCodec } from './codec.ts';
import { fractionText, reversedDigits } from './decimal.ts';
import { writeInteger } from './integer.ts';
import { valueEnd, valueStart } from './white-space.ts';

/** The types of XML Schema that are points or stretches of time. */
export type DateTimeType = 'dateTime' | 'date' | 'time' | 'gYear' | 'gYearMonth' | 'gMonth' | 'gMonthDay' | 'gDay';

const YEAR_OFFSET = 2000;
const MONTH_DAY_BITS = 9;
const TIME_BITS = 17;
const ZONE_BITS = 11;
const ZONE_OFFSET = 896; // 14 hours, at 64 minutes each
/** Years that are still numbers; nobody measures beyond. */
const MAX_YEAR = 999_999_999;

/** @see EXI 1.0 §7.1.8, table 7-3 */
export class DateTimeCodec extends ValueCodec {
  readonly #hasYear: boolean;
  readonly #hasMonth: boolean;
  readonly #hasDay: boolean;
  readonly #hasTime: boolean;

  #year = 0;
  #month = 0;
  #day = 0;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #fraction: number | bigint = 0;
  /** Hours times 64 and minutes, with the sign; undefined: no time zone. */
  #zone: number | undefined;

  // Of the text being parsed.
  #text = '';
  #at = 0;
  #end = 0;

  constructor(type: DateTimeType) {
    super();
    this.#hasYear = type === 'dateTime' || type === 'date' || type === 'gYear' || type === 'gYearMonth';
    this.#hasMonth = type !== 'time' && type !== 'gYear' && type !== 'gDay';
    this.#hasDay = type === 'dateTime' || type === 'date' || type === 'gMonthDay' || type === 'gDay';
    this.#hasTime = type === 'dateTime' || type === 'time';
  }

  accepts(text: string): boolean {
    this.#text = text;
    this.#at = valueStart(text);
    this.#end = valueEnd(text);
    const isFine = this.#parseDate() && this.#parseTime() && this.#parseZone() && this.#at === this.#end;
    this.#text = '';
    return isFine;
  }

  #parseDate(): boolean {
    this.#year = this.#month = this.#day = 0;
    const hasDate = this.#hasYear || this.#hasMonth || this.#hasDay;
    if (!hasDate) return true;
    if (this.#hasYear) {
      if (!this.#parseYear()) return false;
    } else if (!this.#skip(0x2d)) return false;
    if (this.#hasMonth) {
      if (!this.#skip(0x2d)) return false;
      this.#month = this.#twoDigits();
      if (this.#month < 1 || this.#month > 12) return false;
    } else if (this.#hasDay && !this.#skip(0x2d)) return false;
    if (this.#hasDay) {
      if (!this.#skip(0x2d)) return false;
      this.#day = this.#twoDigits();
      if (this.#day < 1 || this.#day > 31) return false;
    }
    return !this.#hasTime || this.#skip(0x54);
  }

  #parseYear(): boolean {
    const isNegative = this.#skip(0x2d);
    const start = this.#at;
    let year = 0;
    for (; this.#at < this.#end; this.#at++) {
      const digit = this.#text.charCodeAt(this.#at) - 0x30;
      if (digit < 0 || digit > 9) break;
      year = year * 10 + digit;
    }
    const digits = this.#at - start;
    this.#year = isNegative ? -year : year;
    return digits >= 4 && year <= MAX_YEAR && (digits === 4 || this.#text.charCodeAt(start) !== 0x30);
  }

  #parseTime(): boolean {
    this.#hour = this.#minute = this.#second = this.#fraction = 0;
    if (!this.#hasTime) return true;
    this.#hour = this.#twoDigits();
    if (!this.#skip(0x3a)) return false;
    this.#minute = this.#twoDigits();
    if (!this.#skip(0x3a)) return false;
    this.#second = this.#twoDigits();
    if (this.#skip(0x2e)) {
      const start = this.#at;
      while (this.#at < this.#end && isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
      const fraction = this.#at === start ? undefined : reversedDigits(this.#text, start, this.#at);
      if (fraction === undefined) return false;
      this.#fraction = fraction;
    }
    return this.#isTime();
  }

  #isTime(): boolean {
    if (this.#hour === 24) return this.#minute === 0 && this.#second === 0 && this.#fraction === 0;
    return (
      this.#hour >= 0 &&
      this.#hour < 24 &&
      this.#minute >= 0 &&
      this.#minute < 60 &&
      this.#second >= 0 &&
      this.#second < 60
    );
  }

  #parseZone(): boolean {
    this.#zone = undefined;
    if (this.#at === this.#end) return true;
    if (this.#skip(0x5a)) {
      this.#zone = 0;
      return true;
    }
    const isNegative = this.#skip(0x2d);
    if (!isNegative && !this.#skip(0x2b)) return false;
    const hours = this.#twoDigits();
    if (!this.#skip(0x3a)) return false;
    const minutes = this.#twoDigits();
    if (hours < 0 || minutes < 0 || minutes > 59 || hours > 14 || (hours === 14 && minutes > 0)) return false;
    const zone = hours * 64 + minutes;
    this.#zone = isNegative && zone !== 0 ? -zone : zone;
    return true;
  }

  #skip(code: number): boolean {
    if (this.#at >= this.#end || this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  /** @returns -1 when there are no two digits */
  #twoDigits(): number {
    if (this.#at + 2 > this.#end) return -1;
    const tens = this.#text.charCodeAt(this.#at) - 0x30;
    const ones = this.#text.charCodeAt(this.#at + 1) - 0x30;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return -1;
    this.#at += 2;
    return tens * 10 + ones;
  }

  write(out: BitWriter): void {
    if (this.#hasYear) {
      const year = this.#year - YEAR_OFFSET;
      writeInteger(out, year < 0, Math.abs(year));
    }
    if (this.#hasMonth || this.#hasDay) out.writeBits(this.#month * 32 + this.#day, MONTH_DAY_BITS);
    if (this.#hasTime) {
      out.writeBits((this.#hour * 64 + this.#minute) * 64 + this.#second, TIME_BITS);
      out.writeBoolean(this.#fraction !== 0);
      if (this.#fraction !== 0) out.writeAnyUnsigned(this.#fraction);
    }
    out.writeBoolean(this.#zone !== undefined);
    if (this.#zone !== undefined) out.writeBits(this.#zone + ZONE_OFFSET, ZONE_BITS);
  }

  read(input: BitReader): string {
    if (this.#hasYear) {
      const isNegative = input.readBoolean();
      const offset = input.readUnsigned();
      this.#year = (isNegative ? -offset - 1 : offset) + YEAR_OFFSET;
      if (Math.abs(this.#year) > MAX_YEAR) throw input.malformed('a year is out of range');
    }
    if (this.#hasMonth || this.#hasDay) {
      const monthDay = input.readBits(MONTH_DAY_BITS);
      this.#month = monthDay >> 5;
      this.#day = monthDay & 31;
      if ((this.#hasMonth && (this.#month < 1 || this.#month > 12)) || (this.#hasDay && this.#day < 1)) {
        throw input.malformed('no such day of the year');
      }
    }
    if (this.#hasTime) {
      const time = input.readBits(TIME_BITS);
      this.#hour = time >> 12;
      this.#minute = (time >> 6) & 63;
      this.#second = time & 63;
      this.#fraction = input.readBoolean() ? input.readAnyUnsigned() : 0;
      if (!this.#isTime()) throw input.malformed('no such time of the day');
    }
    this.#zone = input.readBoolean() ? input.readBits(ZONE_BITS) - ZONE_OFFSET : undefined;
    if (this.#zone !== undefined && (Math.abs(this.#zone) > ZONE_OFFSET || (Math.abs(this.#zone) & 63) > 59)) {
      throw input.malformed('no such time zone');
    }
    return this.#format();
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.#format() : undefined;
  }

  #format(): string {
    let text = '';
    if (this.#hasYear) {
      const year = Math.abs(this.#year);
      text = this.#year < 0 ? '-' : '';
      text += year > 999 ? year : String(year).padStart(4, '0');
    } else if (this.#hasMonth || this.#hasDay) {
      text = '-';
    }
    if (this.#hasMonth) text += `-${two(this.#month)}`;
    else if (this.#hasDay) text += '-';
    if (this.#hasDay) text += `-${two(this.#day)}`;
    if (this.#hasTime) {
      text += `${this.#hasYear ? 'T' : ''}${two(this.#hour)}:${two(this.#minute)}:${two(this.#second)}`;
      if (this.#fraction !== 0) text += `.${fractionText(this.#fraction)}`;
    }
    if (this.#zone === undefined) return text;
    if (this.#zone === 0) return `${text}Z`;
    const zone = Math.abs(this.#zone);
    return `${text}${this.#zone < 0 ? '-' : '+'}${two(zone >> 6)}:${two(zone & 63)}`;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
