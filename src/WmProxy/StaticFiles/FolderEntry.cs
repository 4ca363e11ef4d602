using System;

namespace WmProxy.StaticFiles;

/// <summary>One line of a folder's listing.</summary>
internal sealed record FolderEntry(string Name, bool IsFolder, long Length, DateTimeOffset LastModified);
