export { NO_OUTPUTS, type OutputHandler } from './control-request.ts';
export type { Database, Update } from './database.ts';
export { Outstation, type OutstationOptions } from './outstation.ts';
export type { OwnPointKind, PointDefinition } from './point.ts';
export { Dnp3TcpServer, type Dnp3TcpServerOptions } from './tcp-server.ts';
