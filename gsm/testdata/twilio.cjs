// Reads a JSON array of {text, encoding} ("auto" or "UCS-2") from standard input
// and prints, for each, how Twilio's sms-segments-calculator counts it, and the
// size of each of its graphemes and of its segments. Smart encoding, which replaces characters, is off.
const { SegmentedMessage } = require('sms-segments-calculator');

const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => {
  const questions = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const answers = questions.map(({ text, encoding }) => {
    const message = new SegmentedMessage(text, encoding, false);
    return {
      encoding: message.encodingName,
      segments: message.segmentsCount,
      units: message.graphemes.map((grapheme) => grapheme.length),
      cuts: message.segments.map((segment) => segment.filter((c) => !c.isUserDataHeader)
        .reduce((units, c) => units + c.raw.length, 0)),
      points: message.graphemes.map((grapheme) => [...grapheme].length),
    };
  });
  process.stdout.write(JSON.stringify(answers));
});
