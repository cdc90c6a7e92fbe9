import { XmppConnection } from './network/xmpp-connection.ts';
import { startConsole } from './start.tsx';

const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/xmpp-websocket`;

startConsole((credentials) => new XmppConnection(url, credentials));
