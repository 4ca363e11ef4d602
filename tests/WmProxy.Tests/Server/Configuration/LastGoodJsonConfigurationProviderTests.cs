using System;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;
using WmProxy.Server;
using WmProxy.Server.Configuration;

namespace WmProxy.Tests.Server.Configuration;

public sealed class LastGoodJsonConfigurationProviderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_WrongFile_ThrowsReadably()
    {
        var provider = new LastGoodJsonConfigurationProvider(_folder.Write("a.json", "{"));

        var exception = Assert.Throws<ConfigErrorException>(provider.Load);

        Assert.Equal(_folder.File("a.json"), Assert.Single(exception.Errors).Path);
    }

    [Fact]
    public void Load_MissingFile_SaysWhatToDo()
    {
        var exception = Assert.Throws<ConfigErrorException>(new LastGoodJsonConfigurationProvider(_folder.File("a.json")).Load);

        Assert.Contains("-c FILE", Assert.Single(exception.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Again_KeepsTheLastGoodValues()
    {
        var source = new LastGoodJsonConfigurationSource(new ServerOptions { ConfigFile = _folder.Write("a.json", """{ "a": "1" }""") });
        var configuration = new ConfigurationBuilder().Add(source).Build();
        _folder.Write("a.json", """{ "a": "2" }""");

        configuration.Reload();

        Assert.Equal("1", configuration["a"]);
    }

    [Fact]
    public void Replace_ValidContent_ShowsItAndFiresTheToken()
    {
        var source = new LastGoodJsonConfigurationSource(new ServerOptions { ConfigFile = _folder.Write("a.json", """{ "a": "1", "gone": "x" }""") });
        var configuration = new ConfigurationBuilder().Add(source).Build();
        var seen = "";
        using var subscription = ChangeToken.OnChange(configuration.GetReloadToken, () => seen += configuration["a"]);
        var content = ConfigFileContent.Read(_folder.Write("a.json", """{ "a": "2" }"""));

        source.Provider.Replace(content);

        Assert.Equal("2", seen);
        Assert.Null(configuration["gone"]);
        Assert.Equal(content.Version, source.Provider.LiveVersion);
    }
}
