using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using WmProxy.Configuration;
using WmProxy.Tests.Routes;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.StaticFiles;

public sealed class StaticFilesTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Get_File_SendsContentWithTypeLengthAndValidators()
    {
        var path = _site.Write("sub/a.css", "body{}");
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/sub/a.css");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("body{}", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/css", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(6, response.Content.Headers.ContentLength);
        Assert.Equal(new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero), response.Content.Headers.LastModified);
        Assert.NotNull(response.Headers.ETag);
        Assert.False(response.Headers.ETag.IsWeak);
        Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
    }

    [Fact]
    public async Task Head_File_SendsTheFieldsOfGetAndNoBody()
    {
        _site.Write("a.txt", "hello");
        await using var app = await StartAsync(Files());
        using var get = await app.SendAsync("/a.txt");

        using var head = await app.SendAsync("/a.txt", HttpMethod.Head, ("Range", "bytes=0-1"));

        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(5, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        Assert.Equal(get.Headers.ETag, head.Headers.ETag);
        Assert.Equal(get.Content.Headers.LastModified, head.Content.Headers.LastModified);
        Assert.Equal("bytes", head.Headers.AcceptRanges.Single());
        Assert.DoesNotContain("hello", await app.SendRawAsync("/a.txt", "HEAD"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task OtherMethod_IsRefusedWithAllow(string method)
    {
        _site.Write("a.txt");
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/a.txt", new HttpMethod(method));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Methods_OfMatch_GetImpliesHeadAndOthersAreRefusedWithAllow()
    {
        _site.Write("a.txt");
        await using var app = await StartAsync(Files() with { Match = new() { Path = "/{**path}", Methods = ["GET"] } });

        using var head = await app.SendAsync("/a.txt", HttpMethod.Head);
        using var post = await app.SendAsync("/a.txt", HttpMethod.Post);

        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Equal(["GET", "HEAD"], post.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task LargeFile_ArrivesWhole()
    {
        var bytes = new byte[3_000_001];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(_site.Write("big.bin"), bytes);
        await using var app = await StartAsync(Files());

        Assert.Equal(bytes, await app.Client.GetByteArrayAsync("/big.bin"));
        using var range = await app.SendAsync("/big.bin", null, ("Range", "bytes=2000000-2999999"));
        Assert.Equal(bytes[2_000_000..3_000_000], await range.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task EmptyFile_IsSentEmpty()
    {
        _site.Write("empty.txt", "");
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/empty.txt");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task NamesWithSpacesPercentAndUnicode_AreFound()
    {
        _site.Write("a b+c%41 ü#.txt", "odd");
        await using var app = await StartAsync(Files());

        Assert.Equal("odd", await app.Client.GetStringAsync("/" + Uri.EscapeDataString("a b+c%41 ü#.txt")));
    }

    [Fact]
    public async Task CaseOfNames_IsTheFileSystems()
    {
        _site.Write("Name.txt");
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/name.txt");

        Assert.Equal(File.Exists(Path.Combine(_site.Root, "name.txt")), response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task IndexFile_IsServedForItsFolderInOrderOfPreference()
    {
        _site.Write("index.html", "<p>default</p>");
        _site.Write("d/second.htm", "second");
        await using var app = await StartAsync(Files());
        await using var chosen = await StartAsync(Files() with { IndexFiles = ["first.htm", "second.htm"] });

        using var response = await app.SendAsync("/");
        Assert.Equal("<p>default</p>", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/html", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("second", await chosen.Client.GetStringAsync("/d/"));
        using var none = await chosen.SendAsync("/");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task FolderWithoutSlash_IsRedirectedKeepingTheQuery()
    {
        _site.Write("my docs/index.html");
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/my%20docs?x=1&y=%2F");

        Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
        Assert.Equal("/my%20docs/?x=1&y=%2F", response.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("/folder")]
    [InlineData("/folder/")]
    public async Task FolderWithoutIndexAndBrowse_IsNotFound(string path)
    {
        _site.Write("folder/a.txt");
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task FileWithTrailingSlash_IsNotFound()
    {
        _site.Write("a.txt");
        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/a.txt/");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Prefix_IsStrippedWhateverItsCase()
    {
        _site.Write("index.html", "home");
        _site.Write("a.txt", "a");
        await using var app = await StartAsync(Files() with { Match = new() { Path = "/docs/{**path}" }, Prefix = "/docs" });

        Assert.Equal("a", await app.Client.GetStringAsync("/docs/a.txt"));
        Assert.Equal("a", await app.Client.GetStringAsync("/DOCS/a.txt"));
        Assert.Equal("home", await app.Client.GetStringAsync("/docs/"));
        using var folder = await app.SendAsync("/docs?q");
        Assert.Equal("/docs/?q", folder.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task TryPaths_SinglePageApp_FallsBackToTheIndex()
    {
        _site.Write("index.html", "app");
        _site.Write("about.html", "about");
        _site.Write("assets/a.js", "js");
        await using var app = await StartAsync(Files() with { TryPaths = ["{path}", "{path}.html", "/index.html"] });

        Assert.Equal("app", await app.Client.GetStringAsync("/"));
        Assert.Equal("about", await app.Client.GetStringAsync("/about"));
        Assert.Equal("js", await app.Client.GetStringAsync("/assets/a.js"));
        Assert.Equal("app", await app.Client.GetStringAsync("/assets"));
        Assert.Equal("app", await app.Client.GetStringAsync("/users/7/edit"));
        Assert.Equal("app", await app.Client.GetStringAsync("/users/7/"));
    }

    [Fact]
    public async Task TryPaths_StatusAtTheEnd_IsTheAnswer()
    {
        _site.Write("about.html", "about");
        await using var app = await StartAsync(Files() with { TryPaths = ["{path}.html", "=410"] });
        await using var notFound = await StartAsync(Files() with { TryPaths = ["{path}.html", "=404"], NotFoundFile = "about.html" });

        Assert.Equal("about", await app.Client.GetStringAsync("/about"));
        using var gone = await app.SendAsync("/other");
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        using var missing = await notFound.SendAsync("/other");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("about", await missing.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task TryPaths_PathWithMore_IsLookedUpBelowTheFolder()
    {
        _site.Write("docs/page.html", "page");
        await using var app = await StartAsync(Files() with { TryPaths = ["{path}/page.html"] });

        Assert.Equal("page", await app.Client.GetStringAsync("/docs"));
        Assert.Equal("page", await app.Client.GetStringAsync("/docs/"));
    }

    [Fact]
    public async Task Hide_Default_DotFilesAndWhatIsBelowThem()
    {
        _site.Write(".env");
        _site.Write(".git/config");
        _site.Write("sub/.hidden/x.txt");
        await using var app = await StartAsync(Files());

        foreach (var path in new[] { "/.env", "/%2eenv", "/.git/config", "/.git/", "/sub/.hidden/x.txt" })
        {
            using var response = await app.SendAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task Hide_Globs_ReplaceTheDefault()
    {
        _site.Write(".well-known/x.txt", "known");
        _site.Write("a.BAK");
        _site.Write("private/a.txt");
        await using var app = await StartAsync(Files() with { Hide = ["*.bak", "private"] });

        Assert.Equal("known", await app.Client.GetStringAsync("/.well-known/x.txt"));
        using var backup = await app.SendAsync("/a.BAK");
        Assert.Equal(HttpStatusCode.NotFound, backup.StatusCode);
        using var below = await app.SendAsync("/private/a.txt");
        Assert.Equal(HttpStatusCode.NotFound, below.StatusCode);
    }

    [Fact]
    public async Task MimeTypesAndDefaultContentType_AreUsedBeforeTheBuiltIn()
    {
        _site.Write("a.txt");
        _site.Write("b.wasm2");
        _site.Write("c.unknown");
        _site.Write("noending");
        await using var app = await StartAsync(Files());
        await using var changed = await StartAsync(Files() with
        {
            MimeTypes = RoutesApp.Map((".txt", "text/plain; charset=utf-8"), ("wasm2", "application/wasm")),
            DefaultContentType = "text/x-other",
        });

        Assert.Equal("text/plain", await TypeOf(app, "/a.txt"));
        Assert.Equal("application/octet-stream", await TypeOf(app, "/c.unknown"));
        Assert.Equal("text/plain; charset=utf-8", await TypeOf(changed, "/a.txt"));
        Assert.Equal("application/wasm", await TypeOf(changed, "/b.wasm2"));
        Assert.Equal("text/x-other", await TypeOf(changed, "/c.unknown"));
        Assert.Equal("text/x-other", await TypeOf(changed, "/noending"));
    }

    [Fact]
    public async Task CacheControlAndHeaders_FilesHaveBothAndErrorsHeadersAlone()
    {
        _site.Write("a.txt");
        await using var app = await StartAsync(Files() with { CacheControl = "max-age=3600", Headers = RoutesApp.Map(("X-A", "1")) });

        using var file = await app.SendAsync("/a.txt");
        using var missing = await app.SendAsync("/b.txt");
        using var post = await app.SendAsync("/a.txt", HttpMethod.Post);
        using var badRange = await app.SendAsync("/a.txt", null, ("Range", "bytes=100-"));

        Assert.Equal("max-age=3600", file.Headers.CacheControl?.ToString());
        Assert.Null(missing.Headers.CacheControl);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, badRange.StatusCode);
        Assert.Null(badRange.Headers.CacheControl);
        Assert.All([file, missing, post, badRange], response => Assert.Equal(["1"], response.Headers.GetValues("X-A")));
    }

    [Fact]
    public async Task NotFoundFile_IsSentWith404AndNoConditions()
    {
        _site.Write("errors/404.html", "<p>lost</p>");
        await using var app = await StartAsync(Files() with { NotFoundFile = "errors/404.html", CacheControl = "max-age=3600" });

        using var response = await app.SendAsync("/nothing", null, ("Range", "bytes=0-1"), ("If-None-Match", "*"));
        using var head = await app.SendAsync("/nothing", HttpMethod.Head);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("<p>lost</p>", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/html", response.Content.Headers.ContentType?.ToString());
        Assert.Null(response.Headers.CacheControl);
        Assert.Equal(11, head.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task FileThatGrowsWhileSent_IsSentAsLongAsItWas()
    {
        const int Length = 8_000_000;
        var path = _site.Write("log.txt", new string('a', Length));
        await using var app = await StartAsync(Files());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/log.txt");
        using var response = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        // Not read yet, and more than the sockets hold: the server is in the middle of it.
        await File.AppendAllTextAsync(path, new string('b', 100_000));
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(Length, text.Length);
        Assert.DoesNotContain('b', text);
    }

    [Fact]
    public async Task RootThatIsALink_CanBeSwitchedToANewRelease()
    {
        Directory.CreateDirectory(Path.Combine(_site.Base, "r1"));
        Directory.CreateDirectory(Path.Combine(_site.Base, "r2"));
        File.WriteAllText(Path.Combine(_site.Base, "r1", "v.txt"), "one");
        File.WriteAllText(Path.Combine(_site.Base, "r2", "v.txt"), "two");
        var current = Path.Combine(_site.Base, "current");
        Directory.CreateSymbolicLink(current, "r1");
        await using var app = await StartAsync(Files() with { Root = "current" });

        Assert.Equal("one", await app.Client.GetStringAsync("/v.txt"));
        Directory.Delete(current);
        Directory.CreateSymbolicLink(current, "r2");

        Assert.Equal("two", await app.Client.GetStringAsync("/v.txt"));
    }

    [Fact]
    public async Task FolderBehindAPathBase_IsRedirectedWithIt()
    {
        _site.Write("d/index.html");
        await using var app = await RoutesApp.StartAsync(RoutesApp.Config([Files()]), _site.Base, middleware: host =>
        {
            host.UsePathBase("/base");
            host.UseRouting();
        });

        using var response = await app.SendAsync("/base/d");

        Assert.Equal("/base/d/", response.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task RootThatVanished_IsUnavailable()
    {
        var root = Directory.CreateDirectory(Path.Combine(_site.Base, "gone"));
        await using var app = await StartAsync(Files() with { Root = "gone" });
        root.Delete();

        using var response = await app.SendAsync("/");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task EveryKindOfAnswer_ClosesWhatItOpened()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Descriptors are counted in /proc.");
        _site.Write("a.txt", "0123456789");
        _site.Write("a.txt.gz", "packed");
        _site.Write("404.html", "lost");
        _site.Write("empty");
        _site.Write("with/index.html");
        _site.Write("list/x.txt");
        _site.Write("big.bin", new string('x', 5_000_000));
        _site.Link("out", "../secret.txt");
        await using var app = await StartAsync(Files() with { Browse = true, Precompressed = ["gzip"], NotFoundFile = "404.html", TryPaths = ["{path}.none", "{path}"] });

        // The connection's end comes after the request's, so what is open then stays open.
        foreach (var (method, target, fields, status) in new[]
        {
            ("GET", "/a.txt", "", 200), ("HEAD", "/a.txt", "", 200), ("GET", "/a.txt", "Accept-Encoding: gzip\r\n", 200),
            ("GET", "/a.txt", "If-None-Match: *\r\n", 304), ("GET", "/a.txt", "If-Match: \"x\"\r\n", 412),
            ("GET", "/a.txt", "Range: bytes=1-2\r\n", 206), ("GET", "/a.txt", "Range: bytes=50-\r\n", 416), ("POST", "/a.txt", "Content-Length: 0\r\n", 405),
            ("GET", "/empty", "", 200), ("GET", "/with", "", 301), ("GET", "/with/", "", 200), ("GET", "/list/", "", 200), ("HEAD", "/list/", "", 200),
            ("GET", "/nothing", "", 404), ("GET", "/a.txt/", "", 404), ("GET", "/out", "", 404), ("GET", "/.git", "", 404), ("GET", "/big.bin", "", 200),
        })
        {
            Assert.StartsWith($"HTTP/1.1 {status}", await app.SendRawAsync(target, method, fields), StringComparison.Ordinal);
        }

        var open = Directory.GetFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "").Where(path => path.StartsWith(_site.Base, StringComparison.Ordinal));
        Assert.Empty(open);
    }

    private static async Task<string?> TypeOf(RoutesApp app, string path)
    {
        using var response = await app.SendAsync(path);
        return response.Content.Headers.ContentType?.ToString();
    }

    private static StaticFilesConfig Files() => new() { Id = "site", Root = "site", Match = new RouteMatch { Path = "/{**path}" } };

    private Task<RoutesApp> StartAsync(StaticFilesConfig files) => RoutesApp.StartAsync(RoutesApp.Config([files]), _site.Base);
}
