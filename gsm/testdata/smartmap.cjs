// Prints what Twilio's sms-segments-calculator replaces in smart encoding, as JSON.
const path = require('path');
const main = require.resolve('sms-segments-calculator');
const map = require(path.join(path.dirname(main), 'libs', 'SmartEncodingMap.js')).default;
process.stdout.write(JSON.stringify(map));
