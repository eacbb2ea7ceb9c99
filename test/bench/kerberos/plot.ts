/** Plots what a token costs by the number of users, as SVG that a page can show. */

/** One point. */
export interface PlotPoint {
  readonly users: number
  /** CPU time of a token, microseconds. */
  readonly us: number
}

const WIDTH = 640
const HEIGHT = 300
const MARGIN = { left: 62, right: 20, top: 40, bottom: 50 }

/** A round number of microseconds above all points, so that the axis begins at zero and says how flat the line is. */
function ceiling(points: readonly PlotPoint[]): number {
  const most = Math.max(...points.map(({ us }) => us))
  return Math.max(5, Math.ceil((most * 1.25) / 5) * 5)
}

const number = (value: number): string => value.toFixed(1)

const COLOURS = ['#2a6fdb', '#b5532a'] as const

/**
 * Draws a line for each contender.
 *
 * @param lines - Their points, by users; one without points is left out.
 * @param title - What is shown.
 * @returns An SVG document.
 */
export function plotTokenCost(
  lines: Readonly<Record<string, readonly PlotPoint[]>>,
  title: string,
): string {
  const all = Object.values(lines).flat()
  const top = ceiling(all)
  const decades = Math.max(1, Math.log10(Math.max(...all.map(({ users }) => users))))
  const innerWidth = WIDTH - MARGIN.left - MARGIN.right
  const innerHeight = HEIGHT - MARGIN.top - MARGIN.bottom
  const x = (users: number): string =>
    number(MARGIN.left + (Math.log10(users) / decades) * innerWidth)
  const y = (us: number): string => number(MARGIN.top + (1 - us / top) * innerHeight)
  const steps = Array.from({ length: 6 }, (_, n) => (top * n) / 5)
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const grid = steps.map(
    (us) =>
      `<line x1="${MARGIN.left}" x2="${right}" y1="${y(us)}" y2="${y(us)}" stroke="#8884"/>` +
      `<text x="${MARGIN.left - 8}" y="${y(us)}" text-anchor="end" dy="4">${us}</text>`,
  )
  const counts = [...new Set(all.map(({ users }) => users))].map(
    (users) =>
      `<text x="${x(users)}" y="${bottom + 18}" text-anchor="middle">${users.toLocaleString('en')}</text>`,
  )
  const drawn = Object.entries(lines).flatMap(([name, points], n) => {
    const [first] = points
    if (first === undefined) return []
    const colour = COLOURS[n % COLOURS.length] ?? COLOURS[0]
    const path = points.map(({ users, us }) => `${x(users)},${y(us)}`).join(' ')
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<text x="${x(first.users)}" y="${y(first.us)}" dx="6" dy="-24" fill="${colour}">${name}</text>`,
      ...points.map(
        ({ users, us }) =>
          `<circle cx="${x(users)}" cy="${y(us)}" r="4" fill="${colour}"/>` +
          `<text x="${x(users)}" y="${y(us)}" dy="-10" text-anchor="middle">${number(us)}</text>`,
      ),
    ]
  })
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#777">`,
    `<title>${title}</title>`,
    `<text x="${MARGIN.left}" y="20" font-size="14">${title}</text>`,
    ...grid,
    ...counts,
    ...drawn,
    `<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">users whose tickets are kept</text>`,
    `<text x="14" y="${(MARGIN.top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(MARGIN.top + bottom) / 2})">CPU-µs of a token</text>`,
    '</svg>',
  ].join('\n')}\n`
}
