using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.StaticFiles;
using WmProxy.Tests.Routes;

namespace WmProxy.Tests.StaticFiles;

public sealed class FolderListingTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Html_ListsFoldersFirstThenNamesWithSizesAndDates()
    {
        File.SetLastWriteTimeUtc(_site.Write("b.txt", new string('x', 1536)), new DateTime(2021, 2, 3, 4, 5, 0, DateTimeKind.Utc));
        _site.Write("A.txt");
        _site.Write("zdir/x.txt");
        _site.Write(".hidden");
        await using var app = await StartAsync();

        using var response = await app.SendAsync("/");
        var page = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        var positions = new[] { "href=\"./zdir/\"", "href=\"./A.txt\"", "href=\"./b.txt\"" }.Select(text => page.IndexOf(text, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, positions);
        Assert.Equal(positions.Order(), positions);
        Assert.Contains("1.5 KiB", page, StringComparison.Ordinal);
        Assert.Contains("2021-02-03 04:05", page, StringComparison.Ordinal);
        Assert.DoesNotContain(".hidden", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"../\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Html_OfAFolder_LinksUpAndKeepsNothingOfTheNamesMeaning()
    {
        const string Name = "<img src=x onerror=alert(1)>\"'&%41?#.txt";
        _site.Write($"sub/{Name}", "odd");
        _site.Write("sub/javascript:alert(1)", "scheme");
        await using var app = await StartAsync();

        using var response = await app.SendAsync("/sub/");
        var page = await response.Content.ReadAsStringAsync();

        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"javascript", page, StringComparison.Ordinal);
        Assert.Contains("href=\"../\"", page, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);

        // The link as a browser follows it.
        var href = page.Split("href=\"./").Skip(1).Select(part => WebUtility.HtmlDecode(part[..part.IndexOf('"', StringComparison.Ordinal)])).Single(link => link.Contains("img", StringComparison.Ordinal));
        Assert.Equal("odd", await app.Client.GetStringAsync(new Uri(new Uri(app.Address, "/sub/"), "./" + href)));
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("text/html;q=0.5, application/json", true)]
    [InlineData("application/json;q=0.5, text/html", false)]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", false)]
    [InlineData("*/*", false)]
    public async Task Accept_ChoosesTheForm(string accept, bool isJson)
    {
        _site.Write("a.txt", "12345");
        await using var app = await StartAsync();

        using var response = await app.SendAsync("/", null, ("Accept", accept));

        Assert.Equal(isJson ? "application/json" : "text/html", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("Accept", response.Headers.Vary);
    }

    [Fact]
    public async Task Json_GivesNameTypeSizeAndTime()
    {
        File.SetLastWriteTimeUtc(_site.Write("ü \"a\".txt", "12345"), new DateTime(2021, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        _site.Write("d/x");
        await using var app = await StartAsync();

        using var response = await app.SendAsync("/", null, ("Accept", "application/json"));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());

        Assert.Equal(["d", "ü \"a\".txt"], json.RootElement.EnumerateArray().Select(entry => entry.GetProperty("name").GetString()));
        Assert.Equal("folder", json.RootElement[0].GetProperty("type").GetString());
        Assert.False(json.RootElement[0].TryGetProperty("size", out _));
        Assert.Equal("file", json.RootElement[1].GetProperty("type").GetString());
        Assert.Equal(5, json.RootElement[1].GetProperty("size").GetInt64());
        Assert.Equal(new DateTimeOffset(2021, 2, 3, 4, 5, 6, TimeSpan.Zero), json.RootElement[1].GetProperty("modified").GetDateTimeOffset());
    }

    [Fact]
    public async Task Head_TellsTheLengthOfGet()
    {
        _site.Write("a.txt");
        await using var app = await StartAsync();
        using var get = await app.SendAsync("/");

        using var head = await app.SendAsync("/", HttpMethod.Head);

        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.True(head.Content.Headers.ContentLength > 0);
    }

    [Fact]
    public async Task IndexFile_GoesBeforeTheListing()
    {
        _site.Write("index.html", "index");
        await using var app = await StartAsync();

        Assert.Equal("index", await app.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task FolderWithoutSlash_IsRedirected()
    {
        _site.Write("d/a.txt");
        await using var app = await StartAsync();

        using var response = await app.SendAsync("/d");

        Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
        Assert.Equal("/d/", response.Headers.Location?.OriginalString);
    }

    [Fact]
    public void Read_MoreThanTheMost_IsCutAndSaysSo()
    {
        for (var i = 0; i < 5; i++)
        {
            _site.Write($"{i}.txt");
        }

        using var tree = FileTree.Open(_site.Root)!;
        using var root = tree.Find("");
        Assert.True(RelativePath.TryParse("/", windows: false, out var path));

        var cut = FolderListing.Read(tree, path, root, new HideRules(null), maxEntries: 4);
        var whole = FolderListing.Read(tree, path, root, new HideRules(null), maxEntries: 5);

        Assert.True(cut.IsCut);
        Assert.Equal(4, cut.Entries.Count);
        Assert.False(whole.IsCut);
        Assert.Equal(5, whole.Entries.Count);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1048575, "1.0 MiB")]
    [InlineData(1048576, "1.0 MiB")]
    [InlineData(5368709120, "5.0 GiB")]
    public void FormatSize_IsForPeople(long length, string expected) => Assert.Equal(expected, FolderListingHtml.FormatSize(length));

    private Task<RoutesApp> StartAsync()
    {
        return RoutesApp.StartAsync(RoutesApp.Config([new StaticFilesConfig { Id = "site", Root = "site", Browse = true }]), _site.Base);
    }
}
