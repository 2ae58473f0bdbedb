import { FRAME_BYTES_MAX } from './frame.ts';

/** Bounds of the sockets below those of `frame-channel.ts`, which has heartbeats of its own. */
export const ZEROMQ_OPTIONS = {
  /** Frames that wait for a peer; one turn's messages are one frame. A peer that is further behind is given up. */
  sendHighWaterMark: 16_384,
  /** A greater frame ends its connection before it is read. A server allows strangers less. */
  messageBytesMax: FRAME_BYTES_MAX,
  /** How long a farewell may take to leave after the socket was closed. */
  lingerMs: 1_000,
  /** For the greeting and handshake of ZMTP. */
  handshakeTimeoutMs: 5_000,
  heartbeatIntervalMs: 0,
  /** A machine that is gone is found within 12 s where nothing is on its way to it. */
  keepAlive: true,
} as const;
