/** A real KDC behind a wire. */

import type { Configuration } from '../../../docker/demo/configuration.ts'
import { KdcProxy, type Wiretap } from '../../support/kdc-proxy.ts'
import type { Edits, Server } from '../case.ts'
import type { Place } from './place.ts'

/** The real KDC behind a wire, for the connector of a case's own. */
export class WiredKdc {
  #proxy: KdcProxy | undefined

  readonly lay = async ({ lab }: Place): Promise<Server> => {
    this.#proxy = await KdcProxy.start({ realm: lab.env.realm, kdc: lab.env.kdc })
    return this.#proxy
  }

  readonly configure: Edits = {
    connector: (config) => {
      // Without armour: nobody else could write what the KDC says under it.
      const kerberos = config['kerberos'] as Configuration
      Object.assign(kerberos, { kdcs: [this.#proxy?.address], fast: 'off' })
    },
  }

  /** What happens on the wire from now on. */
  tap(wiretap: Wiretap): Promise<void> {
    if (this.#proxy) this.#proxy.wiretap = wiretap
    return Promise.resolve()
  }
}
