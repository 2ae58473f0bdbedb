import { GRPC, toEtcdError } from './etcd-error.ts';
import { type Method, type Methods, open, stream, unary } from './method.ts';

/** One call that is over, of a caller who was let in. */
export type EtcdFact = {
  /** Such as `KV/Range`. */
  readonly method: string;
  /** `ok`, or the name of gRPC's status, such as `notFound`. */
  readonly code: string;
};
export type ObserveEtcd = (fact: EtcdFact) => void;

const CODE_NAMES = new Map<number, string>(Object.entries(GRPC).map(([name, code]) => [code, name]));

/** The same methods, of whose calls `observe` is told when they are over. */
export function observeMethods(methods: Methods, observe: ObserveEtcd): Methods {
  return Object.fromEntries(
    Object.entries(methods).map(([path, method]) => {
      const name = path.replace('/etcdserverpb.', '');
      return [path, observed(method, (code) => observe({ method: name, code }))];
    }),
  );
}

function observed(method: Method, tell: (code: string) => void): Method {
  const follow = async <T>(work: () => Promise<T>): Promise<T> => {
    let code = 'ok';
    try {
      return await work();
    } catch (error) {
      code = CODE_NAMES.get(toEtcdError(error)?.code ?? GRPC.internal) ?? 'unknown';
      throw error;
    } finally {
      tell(code);
    }
  };
  const { paths, request, response } = method;
  switch (method.kind) {
    case 'unary':
      return unary(paths, request, response, (question, call) => follow(() => method.answer(question, call)));
    case 'open':
      return open(paths, request, response, (question, address) => follow(() => method.answer(question, address)));
    case 'stream':
      return stream(paths, request, response, (questions, send, call) =>
        follow(() => method.serve(questions, send, call)),
      );
  }
}
