/**
 * Makes one Negotiate header by the host's GSS-API library in a process of its own: its environment decides who it is. Prints the
 * header, or the code and text of the error.
 */

import { formatNegotiate } from '../../src/kerberos/index.ts'
import { createGssapiEngine } from '../../src/kerberos/io/index.ts'

try {
  const token = await createGssapiEngine()(process.argv[2] ?? '')
  console.log(formatNegotiate(token))
} catch (error) {
  const { code, message } = error as Error & { code?: string }
  console.log(`${code ?? ''} ${message}`)
}
