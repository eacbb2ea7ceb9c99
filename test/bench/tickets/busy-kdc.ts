/** KDCs that work on so many exchanges at a time and need so long for each; what comes on top waits before them. */
import type { Evidence, S4uUser, ServiceTicket } from '../../../src/kerberos/index.ts'
import type { KerberosPort } from '../../../src/sso/index.ts'
import { SERVICE } from '../kerberos/setting.ts'
import { evidenceOf } from '../many-wishes.ts'

/** Octets of its own, as those of a reply are. */
function copied(ticket: ServiceTicket): ServiceTicket {
  return { ...ticket, ticket: new Uint8Array(ticket.ticket) }
}

/** The KDCs. */
export class BusyKdc implements KerberosPort {
  readonly name: string = `CONN1$@${SERVICE.realm}`
  /** How long an exchange takes, milliseconds; 0: no time. */
  takesMs = 0
  inFlight = 0
  mostInFlight = 0
  exchanges = 0
  /** Made once: KDCs seal tickets on processors of their own. */
  readonly #evidence = evidenceOf('user')
  /** When each worker is free again. */
  readonly #freeAt: number[]

  constructor(served: number) {
    this.#freeAt = Array<number>(served).fill(0)
  }

  async impersonate(user: S4uUser): Promise<Evidence> {
    await this.#work()
    return { ...this.#evidence, ...copied(this.#evidence), accountName: user.name }
  }

  async delegate(): Promise<ServiceTicket> {
    await this.#work()
    return copied(this.#evidence)
  }

  /** Workers are other machines' processors: a late timer here makes none of them late. */
  async #work(): Promise<void> {
    this.exchanges += 1
    if (this.takesMs === 0) return
    this.inFlight += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    const soonest = Math.min(...this.#freeAt)
    const doneAt = Math.max(performance.now(), soonest) + this.takesMs
    this.#freeAt[this.#freeAt.indexOf(soonest)] = doneAt
    await new Promise((resolve) => setTimeout(resolve, doneAt - performance.now()))
    this.inFlight -= 1
  }
}
