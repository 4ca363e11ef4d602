using System.Linq;
using WmProxy.StaticFiles;

namespace WmProxy.Tests.StaticFiles;

public sealed class RelativePathTests
{
    [Theory]
    [InlineData("", "", false)]
    [InlineData("/", "", true)]
    [InlineData("/a", "a", false)]
    [InlineData("/a/", "a", true)]
    [InlineData("/a/b.txt", "a/b.txt", false)]
    [InlineData("/..a/b../...", "..a/b../...", false)]
    [InlineData("/12:30.txt", "12:30.txt", false)]
    public void TryParse_Plain_GivesThePath(string text, string value, bool isFolder)
    {
        Assert.True(RelativePath.TryParse(text, windows: false, out var path));
        Assert.Equal(value, path.Value);
        Assert.Equal(isFolder, path.IsFolder);
        Assert.Equal(value.Length == 0 ? [] : value.Split('/'), path.Segments);
    }

    // As a server that leaves dot segments in (a test server, another transport) would hand them over.
    [Theory]
    [InlineData("a")]
    [InlineData("//")]
    [InlineData("//a")]
    [InlineData("/a//b")]
    [InlineData("/a//")]
    [InlineData("/.")]
    [InlineData("/..")]
    [InlineData("/../a")]
    [InlineData("/a/..")]
    [InlineData("/a/../b")]
    [InlineData("/a/./b")]
    [InlineData("/a\\b")]
    [InlineData("/\\")]
    [InlineData("/a\0")]
    [InlineData("/a\0b")]
    [InlineData("/a\nb")]
    [InlineData("/a\u007F")]
    [InlineData("/a\uFFFD")]
    public void TryParse_AnythingElse_IsRefusedOnEverySystem(string text)
    {
        Assert.False(RelativePath.TryParse(text, windows: false, out _));
        Assert.False(RelativePath.TryParse(text, windows: true, out _));
    }

    [Fact]
    public void TryParse_TooLong_IsRefused()
    {
        Assert.True(RelativePath.TryParse("/" + string.Join('/', Enumerable.Repeat("a", 2048)), windows: false, out _));
        Assert.False(RelativePath.TryParse("/" + new string('a', 4096), windows: false, out _));
    }

    [Theory]
    [InlineData("/C:/a")]
    [InlineData("/C:")]
    [InlineData("/a.txt::$DATA")]
    [InlineData("/a.txt:stream")]
    [InlineData("/a.txt.")]
    [InlineData("/a.txt ")]
    [InlineData("/a./b")]
    [InlineData("/... /b")]
    [InlineData("/CON")]
    [InlineData("/nul.txt")]
    [InlineData("/aux .txt")]
    [InlineData("/com1")]
    [InlineData("/LPT9.log")]
    [InlineData("/COM\u00B2")]
    [InlineData("/conin$")]
    [InlineData("/GIT~1/config")]
    [InlineData("/a?b")]
    [InlineData("/a*")]
    [InlineData("/a|b")]
    [InlineData("/<a>")]
    public void TryParse_NamesWithASecondMeaningOnWindows_AreRefusedThereAlone(string text)
    {
        Assert.False(RelativePath.TryParse(text, windows: true, out _));
        Assert.True(RelativePath.TryParse(text, windows: false, out _));
    }

    [Theory]
    [InlineData("/console.txt")]
    [InlineData("/com.txt")]
    [InlineData("/com10")]
    [InlineData("/a~b")]
    [InlineData("/.a")]
    [InlineData("/a b")]
    public void TryParse_OrdinaryNames_AreTakenOnWindows(string text) => Assert.True(RelativePath.TryParse(text, windows: true, out _));
}
