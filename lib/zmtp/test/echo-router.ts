/** A ROUTER that sends back what it gets. Its first argument is the address; its parent is told the real one. */
import { openSocket } from '../src/index.ts';

const router = openSocket('ROUTER', { onMessage: ({ parts }) => void router.trySend(parts) });
process.send?.(await router.bind(process.argv[2] ?? ''));
