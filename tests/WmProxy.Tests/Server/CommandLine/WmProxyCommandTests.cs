using System;
using System.CommandLine;
using System.IO;
using System.Threading.Tasks;
using WmProxy.Server.CommandLine;

namespace WmProxy.Tests.Server.CommandLine;

public sealed class WmProxyCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ParseOptions_Nothing_IsAppsettingsOfTheWorkingDirectory()
    {
        var options = WmProxyCommand.ParseOptions([]);

        Assert.Equal("appsettings.json", options.ConfigFile);
        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "appsettings.json"), options.FullPath);
        Assert.Equal(Environment.CurrentDirectory, options.BaseDirectory);
        Assert.Empty(options.Overrides);
    }

    [Theory]
    [InlineData("run", "-c", "x/y.json")]
    [InlineData("-c", "x/y.json")]
    [InlineData("run", "--config", "x/y.json")]
    [InlineData("run", "--config=x/y.json")]
    [InlineData("check", "-c", "x/y.json")]
    public void ParseOptions_File_IsRelativeToTheWorkingDirectory(params string[] args)
    {
        var options = WmProxyCommand.ParseOptions(args);

        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "x"), options.BaseDirectory);
        Assert.Equal("x/y.json", options.ConfigFile);
    }

    [Fact]
    public void ParseOptions_Set_MayBeRepeatedAndHoldEqualsSigns()
    {
        var options = WmProxyCommand.ParseOptions(["run", "--set", "A:B=1", "--set", "C=x=y", "--set", "D="]);

        Assert.Equal([new("A:B", "1"), new("C", "x=y"), new("D", "")], options.Overrides);
    }

    [Theory]
    [InlineData("--set", "novalue")]
    [InlineData("--set", "=x")]
    [InlineData("--set")]
    [InlineData("-c")]
    [InlineData("nonsense")]
    public async Task InvokeAsync_WrongArguments_ExitCode1AndAReason(params string[] args)
    {
        Assert.Equal(1, await InvokeAsync(args));

        Assert.NotEmpty(_error.ToString());
    }

    [Fact]
    public async Task Version_PrintsNameAndVersion()
    {
        Assert.Equal(0, await InvokeAsync("version"));

        Assert.Matches(@"^wmproxy \d+\.\d+\.\d+ \(\.NET ", _output.ToString());
    }

    [Fact]
    public async Task Help_NamesCommandsSignalsAndExitCodes()
    {
        Assert.Equal(0, await InvokeAsync("--help"));

        foreach (var word in new[] { "run", "check", "version", "--config", "--set", "SIGHUP", "143", "WMPROXY_" })
        {
            Assert.Contains(word, _output.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Check_GoodFile_PrintsASummaryAndExitCode0()
    {
        var file = _folder.Write("a.json", """
            {
              "Kestrel": { "Endpoints": { "web": { "Url": "http://127.0.0.1:0" } } },
              "WmProxy": { "Streams": { "x": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } } }
            }
            """);

        Assert.Equal(0, await InvokeAsync("check", "-c", file));

        Assert.Empty(_error.ToString());
        Assert.StartsWith($"OK {file}: 1 HTTP endpoint, 0 routes, 0 clusters, 1 stream, ", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("run")]
    public async Task MissingFile_ExitCode1AndWhatToDo(string command)
    {
        Assert.Equal(1, await InvokeAsync(command, "-c", _folder.File("none.json")));

        Assert.Contains($"{_folder.File("none.json")}: the file does not exist", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("-c FILE", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("run")]
    public async Task MalformedFile_ExitCode1WithLineAndColumn(string command)
    {
        var file = _folder.Write("a.json", "{\n  \"a\": ]\n}");

        Assert.Equal(1, await InvokeAsync(command, "-c", file));

        Assert.Contains($"{file}: line 2, column 8: not valid JSON", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WrongLogLevel_IsAnErrorOfSerilog()
    {
        var file = _folder.Write("a.json", """
            {
              "WmProxy": { "Streams": { "x": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } } },
              "Serilog": { "MinimumLevel": "Loud" }
            }
            """);

        Assert.Equal(1, await InvokeAsync("check", "-c", file));

        Assert.Contains("  Serilog: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Loud", _error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> InvokeAsync(params string[] args) =>
        WmProxyCommand.InvokeAsync(args, new InvocationConfiguration { Output = _output, Error = _error });
}
