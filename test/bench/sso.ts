/** Single sign-on against passthrough, on the same Apache of a real domain, through the same gateway and connector. */
import { readFile } from 'node:fs/promises'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import { Visitor } from '../../docker/demo/visitor.ts'
import { startLab, type LabEnvironment } from '../../docker/lab.ts'
import { started, untilSignal } from './interrupt.ts'
import { compare, type Contender, type Plan, type Result } from './measure.ts'

/** Both ways to the same page. */
export interface SsoResults {
  readonly passthrough: Result
  readonly sso: Result
  /** Octets of the page. */
  readonly octets: number
}

const COOKIE = '__Host-sallyport'
const PAGE = '/'

async function signIn(
  env: LabEnvironment,
  stack: Stack,
): Promise<{ cookie: string; octets: number }> {
  const { alice } = env.users
  const visitor = new Visitor([stack.browserCa, await readFile(env.oidc.caFile, 'utf8')])
  try {
    const url = stack.url('intranet', PAGE)
    const login = { name: alice.userPrincipalName, password: alice.password }
    const page = await visitor.signIn(url, login)
    const value = visitor.cookie(new URL(url).host, COOKIE)
    if (page.status !== 200 || value === undefined) {
      throw new Error(`alice could not sign in: ${page.status} ${page.body.slice(0, 300)}`)
    }
    return { cookie: `${COOKIE}=${value}`, octets: Buffer.byteLength(page.body) }
  } finally {
    await visitor.close()
  }
}

function contender(stack: Stack, app: string, headers: readonly string[]): Contender {
  const { host, port } = new URL(stack.url(app))
  return {
    name: app,
    url: `https://127.0.0.1:${port}${PAGE}`,
    headers: [`Host: ${host}`, ...headers],
    gatewayPid: stack.gateway.pid,
    connectorPid: stack.connector.pid,
  }
}

/** Starts a lab and a stack, signs alice in, loads both apps in turns, and ends everything. */
export async function measureSso(plan: Plan, log: (line: string) => void): Promise<SsoResults> {
  const lab = await started(startLab({ log }), (late) => late.stop())
  let stack: Stack | undefined
  try {
    stack = await started(startStack(lab.env, { limits: 'product' }), (late) => late.stop())
    const { cookie, octets } = await signIn(lab.env, stack)
    const contenders = [
      contender(stack, 'plain', []),
      contender(stack, 'intranet', [`Cookie: ${cookie}`]),
    ]
    const [passthrough, sso] = await untilSignal(compare(contenders, plan))
    if (passthrough === undefined || sso === undefined) throw new Error('nothing was measured')
    return { passthrough, sso, octets }
  } finally {
    await stack?.stop()
    await lab.stop()
  }
}
