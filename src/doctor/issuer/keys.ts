/**
 * The issuers' keys: can they be had, and do they fit the algorithms of the policy?
 *
 * @module
 */

import { counted, errorMend, errorText, shellWord } from '../../platform/index.ts'
import type { IssuerPolicy } from '../../sso/index.ts'
import { found, type Check, type Finding, type Mend } from '../check.ts'
import type { IssuerWorld, PublicKey } from './world.ts'

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
}

/** Whether a key can be one of a signature of this algorithm. */
function fits({ kty, crv, alg, use }: PublicKey, algorithm: string): boolean {
  if (use !== undefined && use !== 'sig') return false
  if (alg !== undefined) return alg === algorithm
  const curve = CURVES[algorithm]
  return curve === undefined ? kty === 'RSA' : crv === curve
}

/** Of every issuer of the policy, by the way that the connector takes. */
export const keysCheck: Check<IssuerWorld> = {
  id: 'issuer.keys',
  title: 'keys of the issuers',
  needs: [],
  async run(world) {
    const findings = await Promise.all(world.issuers.map((issuer) => look(world, issuer)))
    if (findings.length > 0) return findings
    return [found('DOCTOR_NOT_APPLICABLE', 'the policy lists no issuer')]
  },
}

async function look(world: IssuerWorld, issuer: IssuerPolicy): Promise<Finding> {
  const subject = issuer.issuer
  try {
    const keys = await world.keysOf(issuer)
    const { algorithms } = issuer
    const fitting = algorithms.filter((algorithm) => keys.some((key) => fits(key, algorithm)))
    const where = placeOf(issuer)
    if (fitting.length === 0) return unfit(issuer, keys, where)
    const message = `${counted(keys.length, 'key')} from ${where}, for ${fitting.join(', ')}`
    return found('DOCTOR_ISSUER_KEYS', message, { subject })
  } catch (error) {
    const mends = [...unreachable(issuer, error)]
    return found('DOCTOR_ISSUER_KEYS_UNREACHABLE', errorText(error), { subject, mends })
  }
}

function placeOf({ keys }: IssuerPolicy): string {
  return keys.from === 'url' ? keys.url : keys.path
}

function unfit(issuer: IssuerPolicy, keys: readonly PublicKey[], where: string): Finding {
  const { algorithms, issuer: subject } = issuer
  const held = [...new Set(keys.map(({ alg, crv, kty }) => alg ?? crv ?? kty ?? 'unknown'))]
  const message = `${where} has no key for ${algorithms.join(', ')}, which the policy lists; it has ${held.join(', ') || 'none'}`
  const setting = `algorithms: [<what the provider signs ID tokens with>]   # policy.yaml, the issuer ${subject}`
  const text = 'List the algorithm in the policy, or have the provider sign with one that it lists.'
  return found('DOCTOR_ISSUER_KEYS_UNFIT', message, { subject, mends: [{ text, setting }] })
}

function* unreachable(issuer: IssuerPolicy, error: unknown): Generator<Mend> {
  const { keys, issuer: name, ca } = issuer
  if (keys.from === 'file') {
    yield { text: 'Put a JSON Web Key Set into the file.', setting: `keysFile: ${keys.path}` }
    return
  }
  const trust = ca === undefined ? '' : `--cacert ${shellWord(ca)} `
  const shell = `curl -sS ${trust}${shellWord(keys.url)}`
  yield { text: errorMend(error) ?? 'See who answers there.', shell }
  const text = `Compare jwksUrl with jwks_uri of ${name.replace(/\/$/, '')}/.well-known/openid-configuration.`
  yield { text, setting: `jwksUrl: ${keys.url}   # policy.yaml, the issuer ${name}` }
}
