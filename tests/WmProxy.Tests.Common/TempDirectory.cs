using System;
using System.IO;

namespace WmProxy.Tests.Common;

/// <summary>A folder of its own under the system's temporary folder, deleted on dispose.</summary>
public sealed class TempDirectory : IDisposable
{
    // Short names: the path of a Unix domain socket has room for 107 bytes.
    public TempDirectory() => Path = Directory.CreateTempSubdirectory("wmp-").FullName;

    public string Path { get; }

    /// <summary>The full path of <paramref name="name"/> in this folder.</summary>
    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes <paramref name="text"/> to the file <paramref name="name"/>, makes its folder where needed, and returns its full path.</summary>
    public string Write(string name, string text)
    {
        var path = Combine(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Replaces the file <paramref name="name"/> the way careful editors do: a new file renamed over it.</summary>
    public string Replace(string name, string text)
    {
        var path = Combine(name);
        var fresh = path + ".new";
        File.WriteAllText(fresh, text);
        File.Move(fresh, path, overwrite: true);
        return path;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // A process that was just killed may still write here; the system cleans its temporary folder.
        }
    }
}
