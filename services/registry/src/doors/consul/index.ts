export { type ConsulDoor, type ConsulDoorDependencies, openConsulDoor } from './consul-door.ts';
export type { ConsulAnswer, ConsulRequest } from './consul-request.ts';
export { announceTo, type Announcer } from './dictionary-reflection.ts';
export type { ConsulAgent } from './node-identity.ts';
export { type ConsulAccess, consulRefusal, serveConsul } from './serve-http.ts';
