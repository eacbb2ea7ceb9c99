/**
 * The host's GSS-API library as the second judge of browsers' tokens, where the optional package `kerberos` is installed.
 *
 * @module
 */

import { createGssapiAcceptor, type GssapiAcceptor } from '../../kerberos/io/index.ts'
import { errorCode, errorText, type Logger } from '../../platform/index.ts'
import { SsoError, type TokenJudge } from '../../sso/index.ts'
import type { KerberosConfig } from '../index.ts'

/**
 * Opens it as `kerberos.acceptor` says.
 *
 * @param config - The kerberos section.
 * @param logger - Told who judges.
 * @returns The judge; undefined where our own acceptor judges alone.
 * @throws KerberosError ERR_KRB_GSSAPI_ABSENT for `both` without the package.
 */
export async function openTokenJudge(
  { acceptor, keytab }: Pick<KerberosConfig, 'acceptor' | 'keytab'>,
  logger: Logger,
): Promise<TokenJudge | undefined> {
  if (acceptor === 'own') return undefined
  if (keytab === undefined) {
    sayAlone(logger, "the host's GSS-API library reads nothing but a keytab")
    return undefined
  }
  try {
    const accept = await createGssapiAcceptor(keytab)
    logger.info("browsers' tokens are judged by our own acceptor and the host's GSS-API library")
    return (token) => judged(accept, token)
  } catch (error) {
    if (acceptor === 'both' || errorCode(error) !== 'ERR_KRB_GSSAPI_ABSENT') throw error
    sayAlone(logger, errorText(error))
    return undefined
  }
}

function sayAlone(logger: Logger, reason: string): void {
  logger.info("browsers' tokens are judged by our own acceptor alone", { reason })
}

async function judged(accept: GssapiAcceptor, token: Uint8Array): ReturnType<TokenJudge> {
  try {
    return await accept(token)
  } catch (error) {
    // Silence is no malice: the browser goes to the provider, and nobody is alarmed.
    const silent = errorCode(error) === 'ERR_KRB_GSSAPI_SILENT'
    const code = silent ? 'ERR_SSO_NEGOTIATE_UNFIT' : 'ERR_SSO_NEGOTIATE_REFUSED'
    throw new SsoError(code, errorText(error), { cause: error })
  }
}
