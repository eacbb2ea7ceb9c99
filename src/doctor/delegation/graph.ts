/**
 * Who may delegate to what as a graph: Mermaid text, or an SVG image.
 *
 * @module
 */

import { accountText } from './text.ts'
import type { DelegationState } from './state.ts'

/** An arrow from an account to a service. */
interface Edge {
  readonly from: string
  readonly to: string
  readonly by: 'list' | 'RBCD' | 'list and RBCD'
}

interface Graph {
  readonly accounts: readonly string[]
  readonly services: readonly { readonly spn: string; readonly account: string }[]
  readonly edges: readonly Edge[]
}

function graphOf(state: DelegationState): Graph {
  const self = state.connector.sAMAccountName
  const edges: Edge[] = []
  for (const { spn, classic, acting, othersClassic, mayAct } of state.services) {
    const acts = mayAct.map(({ name, sid }) => name ?? sid)
    if (acting.granted && !acts.includes(self)) acts.unshift(self)
    const lists = [...(classic ? [self] : []), ...othersClassic]
    for (const from of new Set([...lists, ...acts])) {
      const by = !acts.includes(from) ? 'list' : lists.includes(from) ? 'list and RBCD' : 'RBCD'
      edges.push({ from, to: spn, by })
    }
  }
  for (const to of state.unlisted) edges.push({ from: self, to, by: 'list' })
  const extra = state.unlisted.map((spn) => ({ spn, account: 'not in the policy' }))
  const known = state.services.map((service) => ({
    spn: service.spn,
    account: accountText(service),
  }))
  const accounts = [...new Set([self, ...edges.map(({ from }) => from)])]
  return { accounts, services: [...known, ...extra], edges }
}

/**
 * A Mermaid flow chart.
 *
 * @param state - The whole picture.
 * @returns Text for a `mermaid` block.
 */
export function delegationMermaid(state: DelegationState): string {
  const { accounts, services, edges } = graphOf(state)
  const account = (name: string): string => `a${accounts.indexOf(name)}`
  const service = (spn: string): string => `s${services.findIndex((each) => each.spn === spn)}`
  const lines = [
    'flowchart LR',
    ...accounts.map((name) => `  ${account(name)}["${mermaidText(name)}"]`),
    ...services.map(
      ({ spn, account: whose }) =>
        `  ${service(spn)}(["${mermaidText(spn)}<br/>${mermaidText(whose)}"])`,
    ),
    ...edges.map(({ from, to, by }) => `  ${account(from)} -->|${by}| ${service(to)}`),
  ]
  return `${lines.join('\n')}\n`
}

/** Mermaid's own way to write characters that mean something. */
function mermaidText(text: string): string {
  return text.replace(/["#<>&;]/g, (character) => `#${character.charCodeAt(0)};`)
}

const ROW = 64
const BOX = { width: 250, height: 40 }
const LEFT = 20
const RIGHT = 480
const TOP = 20

/**
 * An SVG image: accounts on the left, services on the right.
 *
 * @param state - The whole picture.
 * @returns A whole SVG document.
 */
export function delegationSvg(state: DelegationState): string {
  const { accounts, services, edges } = graphOf(state)
  const rows = Math.max(accounts.length, services.length, 1)
  const size = { width: RIGHT + BOX.width + 20, height: TOP + rows * ROW }
  const middle = (row: number): number => TOP + row * ROW + BOX.height / 2
  const lines = edges.map(({ from, to, by }) => {
    const start = middle(accounts.indexOf(from))
    const end = middle(services.findIndex(({ spn }) => spn === to))
    const [x1, x2] = [LEFT + BOX.width, RIGHT]
    const dashes = by === 'RBCD' ? ' stroke-dasharray="6 3"' : ''
    const label = `<text x="${x2 - 70}" y="${start + 0.8 * (end - start) - 6}" font-size="11">${by}</text>`
    return `<path d="M${x1} ${start} L${x2} ${end}" stroke="#456" fill="none" marker-end="url(#end)"${dashes}/>${label}`
  })
  const boxes = [
    ...accounts.map((name, row) => box({ x: LEFT, row, fill: '#eef4fb' }, [name])),
    ...services.map(({ spn, account }, row) =>
      box({ x: RIGHT, row, fill: '#f3f8ee' }, [spn, account]),
    ),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="13">`,
    '<title>Who may delegate to what</title>',
    '<defs><marker id="end" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#456"/></marker></defs>',
    ...lines,
    ...boxes,
    '</svg>',
    '',
  ].join('\n')
}

function box(
  { x, row, fill }: { readonly x: number; readonly row: number; readonly fill: string },
  texts: readonly string[],
): string {
  const y = TOP + row * ROW
  const first = y + (texts.length === 1 ? 25 : 17)
  const lines = texts.map(
    (text, index) =>
      `<text x="${x + 10}" y="${first + 16 * index}"${index > 0 ? ' font-size="11"' : ''}>${xmlText(text)}</text>`,
  )
  return `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="5" fill="${fill}" stroke="#456"/>${lines.join('')}`
}

function xmlText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
