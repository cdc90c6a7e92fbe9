import { GatewayConfigError, readText } from '../server/config-files.ts';
import { checkNames, type Dnp3Config, type Dnp3Point } from './dnp3/config.ts';
import { parsePointList } from './dnp3/point-list.ts';
import { checkPoints, type ModbusConfig } from './modbus/config.ts';
import { parseRegisterList } from './modbus/point-list.ts';
import { PointListError } from './point-table.ts';

/** A unit with the points of the list it names, too. @throws GatewayConfigError */
export function withPointList(modbus: ModbusConfig, baseDirectory: string): ModbusConfig {
  const { points, pointList, pollGroups } = modbus;
  if (typeof pointList !== 'string') return modbus;
  return fromPointList(pointList, () => {
    const listed = parseRegisterList(readText(baseDirectory, pointList, 'modbus.pointList'), pollGroups);
    const all = [...points, ...listed];
    checkPoints(all, pollGroups, (_index, _key, message) => {
      throw new PointListError(message);
    });
    return { ...modbus, points: all };
  });
}

/** Names the file in what is wrong with it. */
function fromPointList<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PointListError) throw new GatewayConfigError(`${file}: ${error.message}`);
    throw error;
  }
}

/** The points of an outstation: those of the configuration and those of the list it names. @throws GatewayConfigError */
export function pointsOf({ points, pointList }: Dnp3Config, baseDirectory: string): readonly Dnp3Point[] {
  if (typeof pointList !== 'string') return points;
  return fromPointList(pointList, () => {
    const all = [...points, ...parsePointList(readText(baseDirectory, pointList, 'dnp3.pointList'))];
    checkNames(all, (_, message) => {
      throw new PointListError(message);
    });
    return all;
  });
}
