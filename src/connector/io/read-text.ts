/**
 * Reads the text files that connector.yaml names.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { holdsCertificate, readFault } from '../../platform/index.ts'
import { ConnectorError } from '../index.ts'

/**
 * Reads a file.
 *
 * @param path - The file.
 * @param what - The field that names it, for the message.
 * @returns Its text.
 * @throws ConnectorError ERR_CONNECTOR_FILE when it cannot be read.
 */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const text = `cannot read ${path} (${what}): ${readFault(cause)}`
    const mend = `Correct ${what} in connector.yaml, or let the connector's user read the file: ls -l ${path}`
    throw new ConnectorError('ERR_CONNECTOR_FILE', text, { cause, mend })
  }
}

/**
 * Reads the certificates of authorities.
 *
 * @param path - The file.
 * @param what - The field that names it, for the message.
 * @returns PEM.
 * @throws ConnectorError ERR_CONNECTOR_FILE when it cannot be read or holds no certificate.
 */
export async function readAuthorities(path: string, what: string): Promise<string> {
  const pem = await readText(path, what)
  if (holdsCertificate(pem)) return pem
  throw new ConnectorError('ERR_CONNECTOR_FILE', `${path} (${what}) holds no whole certificate`, {
    mend: 'Write the PEM of the authority’s certificate into it.',
  })
}
