/**
 * The domain's trusts, and whether users of other domains whom connector.yaml looks up can be acted for across them.
 *
 * @module
 */

import type { Trust } from '../../directory/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import { runsSamba } from '../delegation/rbcd-support.ts'
import type { DirectoryPicture, DirectoryWorld } from './world.ts'

/** Trusts are told, and what of them gets into the way of users of other domains. */
export const trustsCheck: Check<DirectoryWorld> = {
  id: 'directory.trusts',
  title: 'trusts',
  needs: ['directory.bind'],
  async run(world) {
    const picture = await world.picture()
    const { trusts } = picture
    const none = [found('DOCTOR_TRUSTS', 'the domain trusts no other')]
    const obstacles = world.otherDomains.flatMap((domain) => obstacleTo(domain, picture) ?? [])
    return [...(trusts.length === 0 ? none : trusts.map(told)), ...obstacles]
  },
}

function told(trust: Trust): Finding {
  const { partner: subject, selectiveAuthentication } = trust
  const message = `${subject} (${kindOf(trust)})`
  if (!selectiveAuthentication) return found('DOCTOR_TRUSTS', message, { subject })
  return found('DOCTOR_TRUST_SELECTIVE', `${message}: selective authentication`, { subject })
}

/** Why users of a domain cannot be acted for by S4U2Self, as far as the directory shows it. */
function obstacleTo(domain: string, { trusts, facts }: DirectoryPicture): Finding | undefined {
  const subject = domain
  const trust = trusts.find(({ partner }) => isWithin(domain, partner))
  if (trust === undefined) {
    // Within a forest a domain has trusts with its parent and children alone, and they lead on to the others.
    if (trusts.some(({ withinForest }) => withinForest)) return undefined
    const message = `connector.yaml looks users up in ${domain}, but the domain has no trust with it`
    return found('DOCTOR_TRUST_MISSING', message, { subject })
  }
  const { direction, partner } = trust
  if (direction !== 'both') {
    const message = `no user of ${domain} can be acted for: the trust with ${partner} is ${direction}, not both`
    return found('DOCTOR_TRUST_NOT_DELEGABLE', message, { subject })
  }
  if (!facts.controllers.some(({ operatingSystem }) => runsSamba(operatingSystem))) return undefined
  const message = `no user of ${domain} can be acted for: the domain’s controllers run Samba, which refuses S4U2Self for users of a trusted domain (ERR_KRB_FOREIGN_USER)`
  return found('DOCTOR_TRUST_NOT_DELEGABLE', message, { subject })
}

/** The domain itself, or one below it in its forest. */
function isWithin(domain: string, partner: string): boolean {
  const [name, root] = [domain.toLowerCase(), partner.toLowerCase()]
  return name === root || name.endsWith(`.${root}`)
}

function kindOf(trust: Trust): string {
  const { direction, type, sidFiltering, tgtDelegation } = trust
  const scope = trust.forest ? 'forest' : trust.withinForest ? 'within the forest' : 'external'
  const notes = [
    ...(sidFiltering ? ['SIDs of other domains are filtered'] : []),
    ...(tgtDelegation ? ['ticket-granting tickets may be forwarded across it'] : []),
  ]
  return [type, direction, scope, ...notes].join(', ')
}
