/**
 * The bundle for support: what doctor found, versions, configuration and policy, without secrets.
 *
 * @module
 */

import { jsonText } from '../../platform/index.ts'
import type { DoctorReport } from '../report.ts'
import { redactConfiguration, redactDeep, redactor, type Sensitive } from './redact.ts'
import { tarOf } from './tar.ts'

/** What goes in. */
export interface BundleContents {
  readonly report: DoctorReport
  readonly versions: Readonly<Record<string, string>>
  /** What connector.yaml says, parsed. */
  readonly configuration: unknown
  /** What policy.yaml says, parsed. */
  readonly policy: unknown
  /** The newest part of a log, if the administrator named one. */
  readonly log?: string | undefined
}

const README = `What sallyport doctor found, for whoever helps. Secrets and directories were taken out; have a look yourself before you pass it on.

report.json     findings, as --json prints them
versions.json   Sallyport, Node, OpenSSL, system
connector.json  connector.yaml: numbers, switches and harmless names
policy.json     policy.yaml, likewise
log.txt         the newest part of the log, where one was named
`

/**
 * Makes the archive.
 *
 * @param contents - What goes in, as it is.
 * @param sensitive - What must not be in it.
 * @param nowMs - The present time.
 * @returns A tar archive, not compressed.
 */
export function bundleOf(contents: BundleContents, sensitive: Sensitive, nowMs: number): Buffer {
  const clean = redactor(sensitive)
  const json = (name: string, value: unknown) => ({
    name: `sallyport-doctor/${name}`,
    text: `${jsonText(value)}\n`,
  })
  const { report, versions, configuration, policy, log } = contents
  const files = [
    { name: 'sallyport-doctor/README.txt', text: README },
    json('report.json', redactDeep(report, clean)),
    json('versions.json', redactDeep(versions, clean)),
    json('connector.json', redactConfiguration(configuration, clean)),
    json('policy.json', redactConfiguration(policy, clean)),
    ...(log === undefined ? [] : [{ name: 'sallyport-doctor/log.txt', text: clean(log) }]),
  ]
  return tarOf(files, nowMs)
}
