/**
 * The gateway's own keys in its state directory: the CA, made at the first start, and the certificate of the tunnel
 * listener, renewed when half its life is over. Key and certificate share a file, so that they are never apart.
 *
 * @module
 */

import { join } from 'node:path'
import {
  createAuthority,
  issueServerCertificate,
  openAuthority,
  type Authority,
  type Credential,
  type IssuePorts,
  type ServerCertificateOptions,
} from '../authority.ts'
import { loadCertificate } from '../certificate.ts'
import { PkiError } from '../errors.ts'
import { ipOctets } from '../ip.ts'
import { privateKeyFromPem } from '../keys.ts'
import { createStateDirectory, readStateFile, writeStateFiles } from './private-files.ts'

/** Name of the CA's file. */
const AUTHORITY_FILE = 'ca.pem'
/** Name of the tunnel listener's file. */
const SERVER_FILE = 'tunnel.pem'

const KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/

const toText = ({ privateKeyPem, certificatePem }: Credential) => privateKeyPem + certificatePem

function fromText(text: string): Credential | undefined {
  const [privateKeyPem] = KEY.exec(text) ?? []
  const [certificatePem] = CERTIFICATE.exec(text) ?? []
  if (privateKeyPem === undefined || certificatePem === undefined) return undefined
  return { privateKeyPem, certificatePem }
}

function damaged(path: string): PkiError {
  return new PkiError('ERR_PKI_AUTHORITY', `${path} does not hold a key and a certificate`, {
    mend: 'Restore it from a backup; with a new CA every connector registers again.',
  })
}

async function makeAuthority(directory: string, ports: IssuePorts): Promise<void> {
  await createStateDirectory(directory)
  await writeStateFiles(directory, { [AUTHORITY_FILE]: toText(createAuthority(ports)) })
}

/**
 * The gateway's CA; made and kept where there is none.
 *
 * @param stateDirectory - The gateway's state directory; created where it is missing.
 * @param ports - Clock and chance.
 * @returns Certificate and key.
 * @throws PkiError ERR_PKI_STATE, ERR_PKI_AUTHORITY, ERR_PKI_KEY, ERR_PKI_CERTIFICATE.
 */
export async function loadAuthority(stateDirectory: string, ports: IssuePorts): Promise<Authority> {
  const path = join(stateDirectory, AUTHORITY_FILE)
  const found = await readStateFile(path)
  if (found === undefined) await makeAuthority(stateDirectory, ports)
  const text = found ?? (await readStateFile(path)) ?? ''
  const authority = fromText(text)
  if (authority === undefined) throw damaged(path)
  openAuthority(authority, ports.clock.nowMs())
  return authority
}

/** A kept certificate is used when it fits: our CA's, these names, its key, more than half its life left. */
function stillGood(
  kept: Credential,
  wanted: { readonly authority: Authority; readonly names: readonly string[] },
  nowMs: number,
): boolean {
  try {
    const certificate = loadCertificate(kept.certificatePem)
    const ca = loadCertificate(wanted.authority.certificatePem)
    const from = certificate.validFromDate.getTime()
    const halfLife = from + (certificate.validToDate.getTime() - from) / 2
    const carries = (name: string) =>
      ipOctets(name) === undefined
        ? certificate.checkHost(name, { subject: 'never' }) !== undefined
        : certificate.checkIP(name) !== undefined
    return (
      certificate.checkIssued(ca) &&
      certificate.verify(ca.publicKey) &&
      certificate.checkPrivateKey(privateKeyFromPem(kept.privateKeyPem)) &&
      nowMs >= from &&
      nowMs < halfLife &&
      wanted.names.every(carries)
    )
  } catch {
    return false
  }
}

/**
 * The tunnel listener's certificate and key: the kept ones while they are good, else new ones, which are kept.
 *
 * @param stateDirectory - The gateway's state directory.
 * @param order - The CA, and what the certificate says.
 * @param ports - Clock and chance.
 * @returns Certificate and key.
 * @throws PkiError ERR_PKI_STATE, ERR_PKI_AUTHORITY.
 */
export async function loadServerCertificate(
  stateDirectory: string,
  order: ServerCertificateOptions & { readonly authority: Authority },
  ports: IssuePorts,
): Promise<Credential> {
  const text = await readStateFile(join(stateDirectory, SERVER_FILE))
  const kept = text === undefined ? undefined : fromText(text)
  if (kept !== undefined && stillGood(kept, order, ports.clock.nowMs())) return kept
  const made = issueServerCertificate(order.authority, order, ports)
  await writeStateFiles(stateDirectory, { [SERVER_FILE]: toText(made) }, true)
  return made
}
