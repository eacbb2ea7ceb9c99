/**
 * Why a delegation is refused: the request repeated without the RBCD bit, since only then a KDC tells an empty delegation
 * list from one without the service (MS-SFU 3.2.5.2). For diagnosis alone; a ticket that comes of it is thrown away.
 *
 * @module
 */

import { KdcReplyError } from '../errors.ts'
import { formatPrincipal } from '../messages/index.ts'
import {
  NOT_FORWARDABLE,
  refusalMeaning,
  type DelegationFindingKind,
  type Meaning,
} from './refusal-catalogue.ts'
import { s4u2proxyExchange, type S4u2ProxyQuestion } from './s4u2proxy.ts'
import type { Exchange, ExchangePorts } from './types.ts'

/** What was found out. */
export interface DelegationFinding extends Meaning {
  /** For programs. */
  readonly finding: DelegationFindingKind
  /** What the KDC answered to the repeat. */
  readonly refusal?: KdcReplyError | undefined
}

/** A diagnosis is for one connector's account. */
export interface DiagnosisQuestion extends S4u2ProxyQuestion {
  /** The connector's account name, for commands. */
  readonly connector: string
}

const GRANTED: Meaning = {
  means:
    'The connector account’s own delegation list grants this service, and a ticket was issued.',
}

/** Names that mean nothing to a shell inside quotes. */
const HARMLESS = /^[\w.$/@:-]{1,256}$/

/**
 * Finds out why a KDC refuses to delegate.
 *
 * @param question - What was refused.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The finding; that the KDC refuses is no error here.
 * @throws KerberosError when the answer cannot be had or is not to be believed.
 */
export function* diagnoseExchange(
  question: DiagnosisQuestion,
  ports: ExchangePorts,
): Exchange<DelegationFinding> {
  const { evidence } = question
  if (!evidence.forwardable) return finding('not-forwardable', NOT_FORWARDABLE, question)
  try {
    yield* s4u2proxyExchange({ ...question, withoutRbcd: true }, ports)
    return finding('granted', GRANTED, question)
  } catch (error) {
    if (!(error instanceof KdcReplyError)) throw error
    const row = refusalMeaning({ exchange: 'S4U2Proxy' }, error.krbErrorCode, error.ntStatus)
    return { ...finding(row.finding ?? 'other', row, question), refusal: error }
  }
}

function finding(
  kind: DelegationFindingKind,
  { means, mend, commands }: Meaning,
  question: DiagnosisQuestion,
): DelegationFinding {
  const filled = commands && {
    powershell: filledIn(commands.powershell, question),
    samba: filledIn(commands.samba, question),
  }
  return { finding: kind, means, mend, commands: filled }
}

/** A name that a shell could take for something else stays a placeholder. */
function filledIn(command: string, { connector, evidence, sname }: DiagnosisQuestion): string {
  const names = [
    ['<connector>', connector],
    ['<spn>', formatPrincipal(sname)],
    ['<user>', evidence.accountName],
  ] as const
  let text = command
  for (const [place, name] of names) {
    if (HARMLESS.test(name)) text = text.split(place).join(name)
  }
  return text
}
