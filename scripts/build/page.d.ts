export declare function writePage(entry: string, folder: string): void;
