using System;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using WmProxy.StaticFiles;

namespace WmProxy.Tests.StaticFiles;

/// <summary>What both ways of looking at the file system have to agree on.</summary>
public sealed class FileTreeTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public static TheoryData<bool> Portable => OperatingSystem.IsLinux() ? [false, true] : [true];

    public void Dispose() => _site.Dispose();

    [Theory]
    [MemberData(nameof(Portable))]
    public void Find_GivesKindLengthAndTime(bool portable)
    {
        var time = new DateTime(2020, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_site.Write("d/a.txt", "12345"), time);
        using var tree = Open(portable, _site.Root);

        using var file = tree.Find("d/a.txt");
        using var folder = tree.Find("d");
        using var root = tree.Find("");
        using var missing = tree.Find("d/b.txt");
        using var belowFile = tree.Find("d/a.txt/x");

        Assert.Equal((FileLookupStatus.File, 5L, new DateTimeOffset(time)), (file.Status, file.Length, file.LastModified));
        Assert.Equal(FileLookupStatus.Folder, folder.Status);
        Assert.Equal(FileLookupStatus.Folder, root.Status);
        Assert.Equal(FileLookupStatus.NotFound, missing.Status);
        Assert.Equal(FileLookupStatus.NotFound, belowFile.Status);
    }

    [Theory]
    [MemberData(nameof(Portable))]
    public void Find_LinksOut_AreRefusedWhereverTheyStand(bool portable)
    {
        _site.Write("real/a.txt");
        _site.Link("in", "real");
        _site.Link("absolute", Path.Combine(_site.Root, "real", "a.txt"));
        _site.Link("out", "../secret.txt");
        _site.Link("up", "..");
        _site.Link("neighbour", "../site-private");
        _site.Link("loop", "loop");
        using var tree = Open(portable, _site.Root);

        foreach (var (path, status) in new[]
        {
            ("in/a.txt", FileLookupStatus.File), ("absolute", FileLookupStatus.File), ("up/site/real/a.txt", FileLookupStatus.File),
            ("out", FileLookupStatus.Refused), ("up", FileLookupStatus.Refused), ("up/secret.txt", FileLookupStatus.Refused),
            ("neighbour", FileLookupStatus.Refused), ("neighbour/secret.txt", FileLookupStatus.Refused),
        })
        {
            using var found = tree.Find(path);
            Assert.Equal((path, status), (path, found.Status));
        }

        using var loop = tree.Find("loop");
        Assert.True(loop.Status is FileLookupStatus.Refused or FileLookupStatus.NotFound);
    }

    [Theory]
    [MemberData(nameof(Portable))]
    public void Open_RootThatIsALinkOrMissing(bool portable)
    {
        _site.Write("a.txt");
        var link = Path.Combine(_site.Base, "link");
        Directory.CreateSymbolicLink(link, _site.Root);
        using var tree = Open(portable, link);
        using var file = tree.Find("a.txt");

        Assert.Equal(FileLookupStatus.File, file.Status);
        Assert.Null(portable ? PortableFileTree.TryOpen(link + "x") : LinuxFileTree.TryOpen(link + "x"));
    }

    [Fact]
    public async Task Find_ThenSwappedForALinkOut_ReadsWhatWasFound()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere the race is open, as documented.");
        var path = _site.Write("a.txt", "inside");
        using var tree = Open(portable: false, _site.Root);
        using var found = tree.Find("a.txt");
        File.Delete(path);
        _site.Link("a.txt", "../secret.txt");

        Assert.Equal(FileLookupStatus.File, FileTree.OpenFile(found, out var handle));
        await using var stream = new FileSnapshotStream(handle, found.Length);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        Assert.Equal("inside", await reader.ReadToEndAsync());
    }

    private static FileTree Open(bool portable, string root)
    {
        return (portable ? PortableFileTree.TryOpen(root) : (FileTree?)LinuxFileTree.TryOpen(root)) ?? throw new DirectoryNotFoundException(root);
    }
}
