/**
 * Reads the CA certificates that a krb5.conf's `http_anchors` name.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorText } from '../../platform/index.ts'
import { confError, parseHttpAnchor, type HttpAnchor } from '../files/index.ts'

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Larger files are not read: all CAs of a system take less. */
const MAX_OCTETS = 4_194_304
/** Directories with more certificates are not read. */
const MAX_FILES = 1024
/** As OpenSSL's c_rehash names them, or with the usual endings. */
const CERTIFICATE_NAME = /^[0-9a-f]{8}\.\d+$|\.(?:pem|crt|cer)$/
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/**
 * Reads them.
 *
 * @param anchors - Where they are.
 * @param environment - For anchors that name a variable.
 * @returns PEM, each certificate once.
 * @throws KerberosError ERR_KRB_CONF when a place cannot be read or holds none.
 */
export async function readHttpAnchors(
  anchors: readonly HttpAnchor[],
  environment: Environment,
): Promise<string> {
  const found: string[] = []
  for (const anchor of anchors) {
    const place = resolved(anchor, environment)
    try {
      found.push(...(await certificatesIn(place)))
    } catch (cause) {
      const why = `http_anchors ${JSON.stringify(place.name)}: ${errorText(cause)}`
      throw confError(why, place.at)
    }
  }
  return [...new Set(found)].join('\n')
}

/** A variable holds `FILE:` or `DIR:`, never again a variable. */
function resolved(anchor: HttpAnchor, environment: Environment): HttpAnchor {
  if (anchor.kind !== 'environment') return anchor
  const text = environment[anchor.name]
  const inner = text === undefined ? undefined : parseHttpAnchor(text, anchor.at)
  if (inner === undefined || inner.kind === 'environment') {
    throw confError(`http_anchors: no FILE: or DIR: in the variable ${anchor.name}`, anchor.at)
  }
  return inner
}

async function certificatesIn({ kind, name }: HttpAnchor): Promise<readonly string[]> {
  if (kind === 'file') return certificatesOf(name)
  const names = (await readdir(name)).filter((file) => CERTIFICATE_NAME.test(file)).sort()
  if (names.length > MAX_FILES) throw new Error(`more than ${MAX_FILES} files`)
  const found: string[] = []
  for (const file of names) found.push(...(await certificatesOf(join(name, file))))
  if (found.length === 0) throw new Error('no certificate in it')
  return found
}

async function certificatesOf(path: string): Promise<readonly string[]> {
  const { size } = await stat(path)
  if (size > MAX_OCTETS) throw new Error(`${size} octets are too many`)
  const found = (await readFile(path, 'latin1')).match(CERTIFICATE) ?? []
  if (found.length === 0) throw new Error('no certificate in it')
  for (const pem of found) new X509Certificate(pem)
  return found
}
