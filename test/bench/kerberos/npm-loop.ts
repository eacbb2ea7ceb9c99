/**
 * Tokens by the npm package kerberos: `npm-loop.ts SERVICE@HOST`, with KRB5_CONFIG and KRB5CCNAME set, which count for
 * the whole process. Writes `absent` and ends where the package is not installed.
 */
import { createRequire } from 'node:module'
import { serveLoop } from './loop-server.ts'

interface NativeClient {
  step(challenge: string): Promise<string>
}
interface NativeKerberos {
  readonly GSS_C_MUTUAL_FLAG: number
  readonly GSS_MECH_OID_SPNEGO: number
  initializeClient(
    service: string,
    options: { readonly mechOID: number; readonly flags: number },
  ): Promise<NativeClient>
}

// By a variable, so that no tool asks for the package where it could not be built.
const NATIVE_PACKAGE: string = 'kerberos'

function loadNative(): NativeKerberos | undefined {
  try {
    return createRequire(import.meta.url)(NATIVE_PACKAGE) as NativeKerberos
  } catch (error) {
    const absent = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']
    if (absent.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

async function serve(native: NativeKerberos, service: string): Promise<void> {
  const options = { mechOID: native.GSS_MECH_OID_SPNEGO, flags: native.GSS_C_MUTUAL_FLAG }
  const make = async (): Promise<string> =>
    (await native.initializeClient(service, options)).step('')
  console.log('ready')
  await serveLoop({
    one: async () => (await make()).length,
    token: async () => Buffer.from(await make(), 'base64'),
  })
}

const native = loadNative()
const [, , service = ''] = process.argv
if (native === undefined) console.log('absent')
else await serve(native, service)
