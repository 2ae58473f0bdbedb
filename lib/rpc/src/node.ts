/** The door for programs that run on Node.js: ZeroMQ. */
export { type Listener, type ListenOptions, listenZeromq } from './listen-zeromq.ts';
export { openZeromqChannel, type OpenZeromqOptions } from './open-zeromq-channel.ts';
