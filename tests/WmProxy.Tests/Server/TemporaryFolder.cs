using System;
using System.IO;

namespace WmProxy.Tests.Server;

internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("wmproxy-test-");

    public string Path => _directory.FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string content)
    {
        System.IO.File.WriteAllText(File(name), content);
        return File(name);
    }

    /// <summary>Writes beside the file and renames over it, as careful editors do.</summary>
    public void Replace(string name, string content) => System.IO.File.Move(Write(name + ".new", content), File(name), overwrite: true);

    public void Dispose() => _directory.Delete(recursive: true);
}
