// The application in a worker thread, which inherits the flags of its process.
const { Worker } = require('node:worker_threads');

module.exports = new Worker(`${__dirname}/app.cjs`);
