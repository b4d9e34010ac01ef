// Types of page.js.
export declare function writePage(entry: string, folder: string): void;
