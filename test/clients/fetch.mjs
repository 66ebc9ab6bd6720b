// Follows streams with fetch-event-source, as the documentation tells, and
// prints what it is handed, each a line of JSON. It ends when its standard
// input does.

// What the library takes from a page.
globalThis.window = globalThis
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} }

const { fetchEventSource } = await import('@microsoft/fetch-event-source')

process.stdin.on('end', () => process.exit()).resume()

// The library resumes after an id as soon as it has read the id's line, even if
// the rest of the event never came. This resumes after what was handed over.
function resumeAfter(last) {
  return (input, init) => {
    const headers = { ...init.headers }
    delete headers['last-event-id']
    if (last()) headers['last-event-id'] = last()
    return fetch(input, { ...init, headers })
  }
}

for (const { client, owner, url } of JSON.parse(process.argv[2])) {
  const print = (seen) => process.stdout.write(JSON.stringify({ client, owner, ...seen }) + '\n')
  let last = ''
  fetchEventSource(url, {
    openWhenHidden: true,
    fetch: client === 'fetch-guarded' ? resumeAfter(() => last) : undefined,
    async onopen({ status }) {
      print({ kind: status === 200 ? 'open' : 'over', text: String(status) })
      if (status !== 200) throw new Error(`status ${status}`)
    },
    onmessage({ id, event, data }) {
      if (id) last = id
      // A comment, a position and a retry come as messages without data.
      print({ kind: data ? 'event' : 'empty', name: event, id, data })
    },
    onclose() {
      throw new Error('the stream ended') // or it would be over for good
    },
    onerror(err) {
      print({ kind: 'error', text: err.message }) // and the library tries again
    },
  })
}
