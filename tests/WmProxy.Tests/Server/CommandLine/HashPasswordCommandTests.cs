using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy.Users;
using WmProxy.Server.CommandLine;

namespace WmProxy.Tests.Server.CommandLine;

public sealed class HashPasswordCommandTests
{
    [Theory]
    [InlineData("s3cret\n", "s3cret")]
    [InlineData("s3cret\r\n", "s3cret")]
    [InlineData(" grüße \nmore", " grüße ")]
    public async Task Invoke_Line_PrintsItsHashAndNothingElse(string input, string password)
    {
        var (code, output, error) = await InvokeAsync(input);

        Assert.Equal(0, code);
        Assert.Equal("", error);
        Assert.True(PasswordHash.TryParse(output.TrimEnd(), out var hash, out _));
        Assert.True(hash.Verify(Encoding.UTF8.GetBytes(password)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("s3cret\u0007\n")]
    public async Task Invoke_NoPassword_SaysSoWithoutShowingIt(string input)
    {
        var (code, output, error) = await InvokeAsync(input);

        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.StartsWith("wmproxy: the password ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> InvokeAsync(string input)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await HashPasswordCommand.InvokeAsync(new StringReader(input), output, error, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }
}
