using System;
using System.IO;

namespace WmProxy.Tests.StaticFiles;

/// <summary>A folder with a root to serve and a secret beside it.</summary>
internal sealed class SiteFolder : IDisposable
{
    public const string Secret = "TOP-SECRET";

    public SiteFolder()
    {
        Base = Directory.CreateTempSubdirectory("wmproxy-site-").FullName;
        Root = Directory.CreateDirectory(Path.Combine(Base, "site")).FullName;
        File.WriteAllText(Path.Combine(Base, "secret.txt"), Secret);
        // A neighbour whose name begins as the root's: a prefix comparison without the slash would let it in.
        Directory.CreateDirectory(Path.Combine(Base, "site-private"));
        File.WriteAllText(Path.Combine(Base, "site-private", "secret.txt"), Secret);
    }

    public string Base { get; }

    public string Root { get; }

    public string Write(string path, string text = "content")
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    public void Link(string path, string target)
    {
        File.CreateSymbolicLink(Path.Combine(Root, path), target);
    }

    public void Dispose() => Directory.Delete(Base, recursive: true);
}
