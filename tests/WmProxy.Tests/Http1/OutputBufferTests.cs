using System.Globalization;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.Tests.Http1;

public sealed class OutputBufferTests
{
    private readonly OutputBuffer _output = new();

    private string Text => Encoding.Latin1.GetString(_output.Written.Span);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1234567890123)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Number_IsInDigits(long number)
    {
        _output.Append(number);

        Assert.Equal(number.ToString(CultureInfo.InvariantCulture), Text);
    }

    [Theory]
    [InlineData("X", "")]
    [InlineData("X-A", "b \u00e9")]
    public void Field_IsALine(string name, string value)
    {
        _output.AppendField(Encoding.Latin1.GetBytes(name), Encoding.Latin1.GetBytes(value));

        Assert.Equal($"{name}: {value}\r\n", Text);
        Assert.Equal(Text.Length, _output.Length);
    }

    [Theory]
    [InlineData(1, "1")]
    [InlineData(15, "f")]
    [InlineData(16, "10")]
    [InlineData(65536, "10000")]
    public void Chunk_HasItsSizeInHexadecimalDigits(int length, string size)
    {
        _output.AppendChunk(Encoding.ASCII.GetBytes(new string('x', length)));

        Assert.Equal($"{size}\r\n{new string('x', length)}\r\n", Text);
    }

    [Fact]
    public void WhatIsWritten_StaysWhileTheBufferGrows()
    {
        var expected = new StringBuilder();
        for (var i = 0; i < 3000; i++)
        {
            _output.Append("a"u8);
            _output.Append(i);
            _output.AppendField("n"u8, "v"u8);
            _output.AppendChunk("c"u8);
            expected.Append(CultureInfo.InvariantCulture, $"a{i}n: v\r\n1\r\nc\r\n");
        }

        Assert.Equal(expected.ToString(), Text);
        _output.Append(new byte[100_000]);
        Assert.Equal(expected.Length + 100_000, _output.Length);
        Assert.StartsWith(expected.ToString(), Text);
    }

    [Fact]
    public void Release_ForgetsAll_AndTheBufferCanBeUsedAgain()
    {
        _output.Append(new byte[10_000]);
        _output.Release();
        _output.Release();
        Assert.True(_output.Written.IsEmpty);
        Assert.Equal(0, _output.Length);

        _output.Append("b"u8);

        Assert.Equal("b", Text);
    }
}
