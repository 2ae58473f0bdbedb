import { once } from 'node:events';
import net from 'node:net';

/** Ports of 127.0.0.1 that were free a moment ago, for programs that cannot choose one themselves. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => net.createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as net.AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports;
}
