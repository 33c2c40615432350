// Begins a session in a home and holds its place until it is killed: `hold.mjs <home>`. Says its id, or why it could not.
import { Waymark } from '../../../dist/src/index.js'

const [home] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
try {
  const session = await waymark.createSession({ title: `held by ${process.pid}` })
  console.log(session.id)
  setInterval(() => {}, 1_000)
} catch (error) {
  console.log(error.code)
  await waymark.close()
}
