/** The door for programs that run on Node.js: ZeroMQ. */
export { derivePublicKey, generateKeyPair, type KeyPair } from '@plumb/zmtp';
export { type ListenCurve, type Listener, type ListenOptions, listenZeromq } from './listen-zeromq.ts';
export { type OpenCurve, openZeromqChannel, type OpenZeromqOptions } from './open-zeromq-channel.ts';
