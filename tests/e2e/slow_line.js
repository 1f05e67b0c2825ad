// The word that the line is closed comes late, as it does where a page has much to do or the network is slow.
(() => {
  window.closing = 0;
  const fetched = window.fetch, word = 'close_stream';
  const late = () => new TransformStream({
    async transform(chunk, out) {
      const text = new TextDecoder().decode(chunk), at = text.lastIndexOf('data:', text.indexOf(word));
      if (!text.includes(word)) return out.enqueue(chunk);
      if (at > 0) out.enqueue(new TextEncoder().encode(text.slice(0, at)));
      window.closing += 1;
      await new Promise((go) => setTimeout(go, 1500));
      out.enqueue(new TextEncoder().encode(text.slice(at)));
    },
  });
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    const address = String(asked[0]?.url ?? asked[0]);
    if (!address.includes('/queue/data')) return answer;
    return new Response(answer.body.pipeThrough(late()), {status: answer.status, headers: answer.headers});
  };
})();
