import { FRAME_BYTES_MAX } from './frame.ts';

/** Bounds of ZeroMQ itself, below those of `frame-channel.ts`. Every one is set, since the defaults wait for ever. */
export const ZEROMQ_OPTIONS = {
  /** Frames that wait for a peer; one turn's messages are one frame. A peer that is further behind is given up. */
  sendHighWaterMark: 16_384,
  /** Frames of one peer that wait to be read here; then its connection is not read, and TCP holds it back. */
  receiveHighWaterMark: 64,
  /** Never wait for a slow peer: say at once that it cannot be sent to. */
  sendTimeout: 0,
  /** A greater frame ends its connection before it is read. */
  maxMessageSize: FRAME_BYTES_MAX,
  /** How long a farewell may take to leave after the socket was closed. */
  linger: 1_000,
  /** For the greeting of ZMTP, which both sides send at once. */
  handshakeInterval: 5_000,
} as const;
