using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Tests.Routes;

namespace WmProxy.Tests.StaticFiles;

public sealed class TraversalTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public void Dispose() => _site.Dispose();

    [Theory]
    [InlineData("/../secret.txt")]
    [InlineData("/sub/../../secret.txt")]
    [InlineData("/..")]
    [InlineData("/../")]
    [InlineData("/../site-private/secret.txt")]
    [InlineData("/%2e%2e/secret.txt")]
    [InlineData("/%2E%2E/secret.txt")]
    [InlineData("/.%2e/secret.txt")]
    [InlineData("/sub/%2e%2e/%2e%2e/secret.txt")]
    [InlineData("/%252e%252e/secret.txt")]
    [InlineData("/%252e%252e%252fsecret.txt")]
    [InlineData("/..%2fsecret.txt")]
    [InlineData("/..%2Fsecret.txt")]
    [InlineData("/%2e%2e%2fsecret.txt")]
    [InlineData("/..\\secret.txt")]
    [InlineData("/..%5csecret.txt")]
    [InlineData("/..%5Csecret.txt")]
    [InlineData("/sub\\..\\..\\secret.txt")]
    [InlineData("/..%255csecret.txt")]
    [InlineData("/..;/secret.txt")]
    [InlineData("/..%00/secret.txt")]
    [InlineData("/%00../secret.txt")]
    [InlineData("/../secret.txt%00.html")]
    [InlineData("/%c0%ae%c0%ae/secret.txt")]
    [InlineData("/..%c0%afsecret.txt")]
    [InlineData("/%e0%80%ae%e0%80%ae/secret.txt")]
    [InlineData("/..%ef%bc%8fsecret.txt")]
    [InlineData("/%uff0e%uff0e/secret.txt")]
    [InlineData("/\u00c0\u00ae\u00c0\u00ae/secret.txt")]
    [InlineData("/.../secret.txt")]
    [InlineData("/.. /secret.txt")]
    [InlineData("/..%20/secret.txt")]
    [InlineData("/../../../../../../../../etc/passwd")]
    [InlineData("//etc/passwd")]
    [InlineData("/%2fetc/passwd")]
    [InlineData("/C:/Windows/win.ini")]
    [InlineData("/C:%5cWindows%5cwin.ini")]
    [InlineData("/file:///etc/passwd")]
    [InlineData("http://localhost/../secret.txt")]
    [InlineData("http://localhost/%2e%2e/secret.txt")]
    [InlineData("/proc/self/environ")]
    [InlineData("/sub/..%2f..%2fsecret.txt")]
    public async Task Target_LeadingOut_GivesNothingFromOutside(string target)
    {
        _site.Write("sub/a.txt");
        await using var app = await StartAsync(Files() with { TryPaths = ["{path}", "{path}.html", "{path}/secret.txt"], Browse = true, Hide = [] });

        var answer = await app.SendRawAsync(target);

        Assert.DoesNotContain(SiteFolder.Secret, answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("site-private", answer, StringComparison.Ordinal);

        // The dot segments that Kestrel itself takes away lead to the root, whose listing shows "sub"; the rest is refused.
        Assert.True(answer.StartsWith("HTTP/1.1 40", StringComparison.Ordinal) || answer.Contains("./sub/", StringComparison.Ordinal), answer);
        Assert.DoesNotContain("HTTP/1.1 5", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a.txt%00")]
    [InlineData("/a.txt%00.jpg")]
    [InlineData("/a.txt::$DATA")]
    [InlineData("/a.txt::%24DATA")]
    [InlineData("/a.txt.")]
    [InlineData("/a.txt%20")]
    [InlineData("/a.txt%5c")]
    [InlineData("/a.txt/.")]
    [InlineData("//a.txt")]
    [InlineData("/sub//b.txt")]
    [InlineData("/sub%2fb.txt")]
    [InlineData("/sub%5cb.txt")]
    public async Task Target_AnotherSpellingOfAFile_IsNotTheFile(string target)
    {
        _site.Write("a.txt", "CONTENT");
        _site.Write("sub/b.txt", "CONTENT");
        await using var app = await StartAsync(Files());

        var answer = await app.SendRawAsync(target);

        Assert.StartsWith("HTTP/1.1 40", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("CONTENT", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Target_LeadingOut_IsNotAnsweredWithTheFallbackPage()
    {
        _site.Write("index.html", "APP");
        await using var app = await StartAsync(Files() with { TryPaths = ["{path}", "/index.html"] });

        Assert.StartsWith("HTTP/1.1 404", await app.SendRawAsync("/..%5c..%5cetc%5cpasswd"), StringComparison.Ordinal);
        Assert.EndsWith("APP", await app.SendRawAsync("/any/thing"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("//evil.example/%2e%2e")]
    [InlineData("/%5cevil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("///evil.example/..")]
    [InlineData("/%2fevil.example")]
    public async Task Redirect_NeverLeadsToAnotherServer(string target)
    {
        // Even a folder of that name must not help.
        _site.Write("evil.example/index.html");
        await using var app = await StartAsync(Files() with { Browse = true });

        var answer = await app.SendRawAsync(target);

        Assert.DoesNotContain("Location: //", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Location: /\\", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Location: http", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prefix_DoubleSlashBehindIt_LeadsNowhere()
    {
        _site.Write("evil.example/index.html");
        await using var app = await StartAsync(Files() with { Prefix = "/docs" });

        Assert.StartsWith("HTTP/1.1 404", await app.SendRawAsync("/docs//evil.example"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404", await app.SendRawAsync("/docs/..%2fsecret.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_ThatStayInside_WorkAndThoseThatLeadOutDoNot()
    {
        _site.Write("real/a.txt", "inside");
        _site.Link("relative.txt", "real/a.txt");
        _site.Link("absolute.txt", Path.Combine(_site.Root, "real", "a.txt"));
        _site.Link("folder", "real");
        _site.Link("out.txt", "../secret.txt");
        _site.Link("out", "..");
        _site.Link("neighbour", "../site-private");
        _site.Link("chain.txt", "out.txt");
        _site.Link("loop", "loop");
        _site.Link("dangling", "nothing");
        _site.Link("through", "out/site/real");
        await using var app = await StartAsync(Files() with { Browse = true });

        foreach (var path in new[] { "/relative.txt", "/absolute.txt", "/folder/a.txt", "/through/a.txt" })
        {
            Assert.Equal("inside", await app.Client.GetStringAsync(path));
        }

        foreach (var path in new[] { "/out.txt", "/out/secret.txt", "/out/", "/out", "/neighbour/secret.txt", "/neighbour/", "/chain.txt", "/loop", "/dangling" })
        {
            using var response = await app.SendAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }

        var listing = await app.Client.GetStringAsync("/");
        Assert.Contains("relative.txt", listing, StringComparison.Ordinal);
        Assert.Contains("./folder/", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("out.txt", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("neighbour", listing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_OfIndexNeighbourAndNotFoundFile_AreJudgedToo()
    {
        _site.Write("a.txt", "plain");
        Directory.CreateDirectory(Path.Combine(_site.Root, "d"));
        _site.Link("d/index.html", "../../secret.txt");
        _site.Link("a.txt.gz", "../secret.txt");
        _site.Link("404.html", "../secret.txt");
        await using var app = await StartAsync(Files() with { Precompressed = ["gzip"], NotFoundFile = "404.html" });

        using var index = await app.SendAsync("/d/");
        using var neighbour = await app.SendAsync("/a.txt", null, ("Accept-Encoding", "gzip"));

        Assert.Equal(HttpStatusCode.NotFound, index.StatusCode);
        Assert.DoesNotContain(SiteFolder.Secret, await index.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("plain", await neighbour.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task FifosDevicesAndSockets_AreNeitherServedNorListedNorWaitedFor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "FIFOs are made with mkfifo.");
        _site.Write("a.txt");
        using (var mkfifo = Process.Start("mkfifo", Path.Combine(_site.Root, "fifo")))
        {
            await mkfifo.WaitForExitAsync();
            Assert.Equal(0, mkfifo.ExitCode);
        }

        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(_site.Root, "sock")));
        _site.Link("zero", "/dev/zero");
        await using var app = await StartAsync(Files() with { Browse = true });

        foreach (var path in new[] { "/fifo", "/sock", "/zero" })
        {
            using var response = await app.SendAsync(path).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }

        var listing = await app.Client.GetStringAsync("/");
        Assert.Contains("a.txt", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("fifo", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("sock", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("zero", listing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnreadableFile_IsNotFound()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "Root reads everything.");
        var locked = _site.Write("locked.txt");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(locked, UnixFileMode.None);
        }

        await using var app = await StartAsync(Files());

        using var response = await app.SendAsync("/locked.txt");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private static StaticFilesConfig Files() => new() { Id = "site", Root = "site" };

    private Task<RoutesApp> StartAsync(StaticFilesConfig files) => RoutesApp.StartAsync(RoutesApp.Config([files]), _site.Base);
}
