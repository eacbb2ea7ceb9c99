/**
 * Reads the text files that connector.yaml names.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { readFault } from '../../platform/index.ts'
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
