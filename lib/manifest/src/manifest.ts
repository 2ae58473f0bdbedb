/** A manifest after reading: overlays merged, defaults filled in, names checked. */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What people look up of an application. */
export type About = {
  readonly description: string | undefined;
  /** Who answers for it: a team or a person, in their own words. */
  readonly owner: string | undefined;
  /** Where its source is. */
  readonly repository: string | undefined;
  /** Addresses of the web by title. */
  readonly links: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
};

export type Manifest = About & {
  readonly name: string;
  readonly environment: string;
  /** All that the file knows, whichever it was read for. */
  readonly environments: readonly string[];
  /** Look names up with `Object.hasOwn`: a process may be called `constructor`. */
  readonly processes: Readonly<Record<string, ProcessSpec>>;
  readonly chains: Readonly<Record<string, ChainSpec>>;
  /** The manifest's layer of configuration, flattened to dotted keys; arrays are one value. */
  readonly config: Readonly<Record<string, JsonValue>>;
};

export type ProcessSpec = {
  /** Program and arguments; a string in the file is split into words as a shell would, but no shell runs. */
  readonly command: readonly string[];
  /** A fixed port, any free one, or none: then the process is not a service. */
  readonly port: number | 'auto' | undefined;
  /** What is spoken at the port; where the file does not say: HTTP, unless it asks for a `tcpSocket` and names no `metrics`. */
  readonly protocol: 'http' | 'tcp' | 'rpc';
  /** Set for every process with a port: a TCP connection where the file names no probe. Absent without a port. */
  readonly readinessProbe: ProbeSpec | undefined;
  /** Path of the Prometheus text exposition, such as `/metrics`. */
  readonly metrics: string | undefined;
  /** Components of the same application that must be ready before the start, and for readiness after it. */
  readonly needs: readonly string[];
  /** Services, such as those of other applications, that it calls: known to the dictionary, no matter for the start. */
  readonly uses: readonly string[];
  /** Values may hold `${chains.NAME.url}`, `${chains.NAME.port}`, `${processes.NAME.url}` and `${processes.NAME.port}`. */
  readonly env: Readonly<Record<string, string>>;
  /** Written before the start, and again whenever the configuration that they are made of changes. */
  readonly files: readonly FileSpec[];
  readonly stopGraceMs: number;
};

/** A file for a program that only reads files. Both paths are below the folder of the manifest, and relative to it. */
export type FileSpec = {
  /** A Liquid template, filled with the application's configuration. */
  readonly template: string;
  readonly to: string;
  /** What the process is told of a new one: it is started again, gets a signal such as `SIGHUP`, or looks by itself. */
  readonly reload: 'restart' | 'none' | FileSignal;
};

/** Signals that programs take for "read your files again". */
export type FileSignal = 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';

export type ProbeSpec = {
  readonly kind: 'http' | 'tcp';
  /** For `http`. */
  readonly path: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
};

export type ChainSpec = {
  readonly kind: string;
  readonly network: string;
  readonly port: number | 'auto';
};

/** A mistake in the file. `line` and `column` count from 1; `path` is dotted, such as `processes.web.port`. */
export type Fault = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
};
