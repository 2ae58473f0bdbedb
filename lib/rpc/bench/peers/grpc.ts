/** The proto file loaded at run time, as the guide of the package begins; field names become those of our value. */
import { once } from 'node:events';
import path from 'node:path';
import * as grpcJs from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { BenchValue } from '../bench-contract.ts';
import { createItems } from '../bench-value.ts';
import type { Peer } from './peer.ts';

type Payload = { readonly bytes: Uint8Array };
type Count = { readonly count: number };
type Answer<T> = (error: grpcJs.ServiceError | null, value: T) => void;
type BenchStub = grpcJs.Client & {
  readonly echo: (value: BenchValue, answer: Answer<BenchValue>) => void;
  readonly echoBytes: (payload: Payload, answer: Answer<Payload>) => void;
  readonly items: (count: Count) => grpcJs.ClientReadableStream<BenchValue>;
};

/** Without retries a call needs no buffer that it could be sent from again: some 5% less work. */
const CHANNEL_OPTIONS = { 'grpc.enable_retries': 0 };

export const grpc: Peer = {
  settings: 'one channel, no TLS, retries off, proto loaded at run time',
  async serve() {
    const server = new grpcJs.Server();
    server.addService(loadService().service, {
      echo: (call: grpcJs.ServerUnaryCall<BenchValue, BenchValue>, answer: Answer<BenchValue>) =>
        answer(null, call.request),
      echoBytes: (call: grpcJs.ServerUnaryCall<Payload, Payload>, answer: Answer<Payload>) =>
        answer(null, call.request),
      items: (call: grpcJs.ServerWritableStream<Count, BenchValue>) => void sendItems(call),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpcJs.ServerCredentials.createInsecure(), (error, taken) =>
        error === null ? resolve(taken) : reject(error),
      );
    });
    return { address: `127.0.0.1:${port}` };
  },
  async open(address) {
    const Stub = loadService() as unknown as new (...args: ConstructorParameters<typeof grpcJs.Client>) => BenchStub;
    const stub = new Stub(address, grpcJs.credentials.createInsecure(), CHANNEL_OPTIONS);
    return {
      call: (value) => promised((answer) => stub.echo(value, answer)),
      echoBytes: async (bytes) => (await promised<Payload>((answer) => stub.echoBytes({ bytes }, answer))).bytes,
      items: (count) => stub.items({ count }) as AsyncIterable<BenchValue>,
    };
  },
};

async function sendItems(call: grpcJs.ServerWritableStream<Count, BenchValue>): Promise<void> {
  for await (const item of createItems(call.request.count)) if (!call.write(item)) await once(call, 'drain');
  call.end();
}

function promised<T>(start: (answer: Answer<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

function loadService(): grpcJs.ServiceClientConstructor {
  const definition = loadSync(path.join(import.meta.dirname, 'bench.proto'));
  const { bench } = grpcJs.loadPackageDefinition(definition);
  return (bench as grpcJs.GrpcObject)['Bench'] as grpcJs.ServiceClientConstructor;
}
