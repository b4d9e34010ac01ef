// The application in a child process, which inherits the flags of its parent.
const { fork } = require('node:child_process');

fork(`${__dirname}/app.cjs`);
