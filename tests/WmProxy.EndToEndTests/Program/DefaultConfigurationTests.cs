using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

/// <summary>The <c>appsettings.json</c> at the top of the repository, with its fixed ports moved aside.</summary>
public sealed partial class DefaultConfigurationTests
{
    [Fact]
    public async Task Run_AsShipped_ServesItsPageRouteAndStream()
    {
        using var folder = new TempDirectory();
        var (config, page, stream) = await PrepareAsync(folder);
        await using var proxy = WmProxyProcess.Start(folder, "run");
        await proxy.WaitForPortAsync(page);
        await proxy.WaitForPortAsync(stream);

        var html = await Curl.RunAsync("-w", "|%{http_code}|%{content_type}", $"http://localhost:{page}/");
        Assert.True(html.ExitCode == 0, html.ToString());
        Assert.Contains("|200|text/html", html.Output, StringComparison.Ordinal);
        Assert.Contains("WmProxy", html.Output, StringComparison.Ordinal);

        // The stream's destination is an endpoint of the program itself.
        var overStream = await Curl.RunAsync("-o", "/dev/null", "-w", "%{http_code}", $"http://localhost:{stream}/");
        Assert.True(overStream.ExitCode == 0, overStream.ToString());
        Assert.Matches("^[23]..$", overStream.Output);

        foreach (var path in RoutePaths(config))
        {
            var route = await Curl.RunAsync("-o", "/dev/null", "-w", "%{http_code}", $"http://localhost:{page}{path}");
            Assert.True(route.Output is "200" or "301" or "302" or "307" or "308", $"{path}: {route}");
        }
    }

    [Fact]
    public async Task Run_AsShipped_EveryCheckOfThePageAnswers()
    {
        using var folder = new TempDirectory();
        var (_, page, stream) = await PrepareAsync(folder);
        await using var proxy = WmProxyProcess.Start(folder, "run");
        await proxy.WaitForPortAsync(page);
        await proxy.WaitForPortAsync(stream);
        var html = (await Curl.RunAsync($"http://localhost:{page}/")).Output;
        var checks = Checks().Matches(html);
        Assert.Equal(4, checks.Count);

        foreach (Match check in checks)
        {
            var url = check.Groups["url"].Success ? Port8081().Replace(check.Groups["url"].Value, stream) : $"http://localhost:{page}/{check.Groups["path"].Value}";
            var answer = await Curl.RunAsync("-o", "/dev/null", "-w", "%{http_code}|%header{access-control-allow-origin}", "-H", $"Origin: http://localhost:{page}", url);

            // The stream has another origin than the page, whose script may read the answer only with leave.
            Assert.Matches(check.Groups["url"].Success ? @"^200\|\*$" : @"^200\|", answer.Output);
        }
    }

    [Fact]
    public async Task Run_AsShipped_PageRendersInABrowser()
    {
        var browser = ExternalTool.RequireOptional(
            "No headless browser is installed (Debian package chromium).", "chromium", "chromium-browser", "google-chrome", "chrome-headless-shell");
        using var folder = new TempDirectory();
        var (_, page, _) = await PrepareAsync(folder);
        await using var proxy = WmProxyProcess.Start(folder, "run");
        await proxy.WaitForPortAsync(page);

        var dom = await browser.RunAsync(
            ["--headless", "--no-sandbox", "--disable-gpu", $"--user-data-dir={folder.Combine("browser")}", "--dump-dom", $"http://localhost:{page}/"]);

        Assert.True(dom.ExitCode == 0, dom.ToString());
        Assert.Contains("WmProxy", dom.Output, StringComparison.Ordinal);
    }

    private static async Task<(JsonDocument Config, string Page, string Stream)> PrepareAsync(TempDirectory folder)
    {
        var page = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        var stream = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        var text = await File.ReadAllTextAsync(Path.Combine(TestBuild.RepositoryRoot, "appsettings.json"));
        Assert.Matches(Port8080(), text);
        text = Port8081().Replace(Port8080().Replace(text, page), stream);
        folder.Write("appsettings.json", text);
        var root = Path.Combine(TestBuild.RepositoryRoot, "wwwroot");
        foreach (var file in Directory.GetFiles(root, "*", SearchOption.AllDirectories))
        {
            var copy = folder.Combine(Path.Combine("wwwroot", Path.GetRelativePath(root, file)));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        return (JsonDocument.Parse(text, options), page, stream);
    }

    /// <summary>The paths of the file's YARP routes, without their catch-all parameters.</summary>
    private static string[] RoutePaths(JsonDocument config)
    {
        var paths = config.RootElement.GetProperty("ReverseProxy").GetProperty("Routes").EnumerateObject()
            .Select(route => CatchAll().Replace(route.Value.GetProperty("Match").GetProperty("Path").GetString()!, ""))
            .ToArray();
        Assert.NotEmpty(paths);
        return paths;
    }

    [GeneratedRegex(@"(?<=:)8080\b")]
    private static partial Regex Port8080();

    [GeneratedRegex(@"(?<=:)8081\b")]
    private static partial Regex Port8081();

    [GeneratedRegex("<li data-(path=\"(?<path>[^\"]+)|url=\"(?<url>[^\"]+))\"")]
    private static partial Regex Checks();

    [GeneratedRegex(@"\{\*.*")]
    private static partial Regex CatchAll();
}
