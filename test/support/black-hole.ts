/** An address whose connections neither open nor fail, as behind a firewall that drops packets. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Listens and never accepts. Linux then drops every SYN that finds the queue full, so it is filled here.
 * tcp(7), listen(2): a backlog of 0 holds one connection.
 */
const PROGRAM = `
import socket, sys
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(0)
waiting = []
for _ in range(8):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
    waiting.append(one)
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
`

/** Such an address. */
export interface BlackHole {
  /** `127.0.0.1:port`. */
  readonly address: string
  stop(): Promise<void>
}

/**
 * Starts one.
 *
 * @returns The address, in a process of its own.
 */
export async function startBlackHole(): Promise<BlackHole> {
  const child = spawn('python3', ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    address: `127.0.0.1:${line.toString().trim()}`,
    async stop() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}
