using System;
using System.Text;
using WmProxy.Server.Configuration;

namespace WmProxy.Tests.Server.Configuration;

public sealed class ConfigFileContentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_CommentsTrailingCommasAndByteOrderMark_AreFine()
    {
        var path = _folder.Write("a.json", "\uFEFF{ // a comment\n \"A\": { \"B\": [ \"x\", \"y\", ], /* another */ },\n}");

        var values = ConfigFileContent.Read(path).Values;

        Assert.NotNull(values);
        Assert.Equal("x", values["a:b:0"]);
        Assert.Equal("y", values["A:B:1"]);
    }

    [Theory]
    [InlineData("{\n  \"a\": 1,\n  \"b\": }\n", "line 3, column 8")]
    [InlineData("{ \"a\": 1", "line 1, column 9")]
    [InlineData("{ \"a\": 1 } x", "line 1, column 12")]
    public void Read_MalformedJson_SaysLineAndColumnFromOne(string json, string position)
    {
        var path = _folder.Write("a.json", json);

        var content = ConfigFileContent.Read(path);

        Assert.Null(content.Values);
        Assert.Equal(path, content.Error!.Path);
        Assert.StartsWith($"{position}: not valid JSON: ", content.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("BytePositionInLine", content.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n\t ")]
    public void Read_EmptyFile_SaysSo(string json)
    {
        var content = ConfigFileContent.Read(_folder.Write("a.json", json));

        Assert.Null(content.Values);
        Assert.Equal("the file is empty", content.Error!.Message);
    }

    [Fact]
    public void Read_KeyTwice_NamesTheKey()
    {
        var content = ConfigFileContent.Read(_folder.Write("a.json", """{ "A": { "B": 1, "b": 2 } }"""));

        Assert.Null(content.Values);
        Assert.Contains("A:b", content.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoObjectAtTheTop_IsAnError() => Assert.NotNull(ConfigFileContent.Read(_folder.Write("a.json", "[ 1 ]")).Error);

    [Fact]
    public void Read_MissingFile_IsAnErrorWithItsPath()
    {
        var content = ConfigFileContent.Read(_folder.File("none.json"));

        Assert.Null(content.Values);
        Assert.Equal($"{_folder.File("none.json")}: the file does not exist", content.Error!.ToString());
    }

    [Fact]
    public void Read_Folder_IsAnError() => Assert.Equal("this is a folder", ConfigFileContent.Read(_folder.Path).Error!.Message);

    [Fact]
    public void Read_SameBytesElsewhere_HasTheSameVersion()
    {
        var first = ConfigFileContent.Read(_folder.Write("a.json", """{ "a": 1 }"""));
        var second = ConfigFileContent.Read(_folder.Write("b.json", """{ "a": 1 }"""));
        var other = ConfigFileContent.Read(_folder.Write("c.json", """{ "a": 2 }"""));

        Assert.Equal(first.Version, second.Version);
        Assert.NotEqual(first.Version, other.Version);
    }

    [Fact]
    public void Parse_TruncatedAnywhere_IsAnErrorAndNeverHalfAConfiguration()
    {
        var json = Encoding.UTF8.GetBytes("""{ "Kestrel": { "Endpoints": { "wäb": { "Url": "http://localhost:8080" } } }, "n": [ 1, null, true ] }""");

        Assert.NotNull(ConfigFileContent.Parse("a.json", json).Values);
        for (var length = 0; length < json.Length; length++)
        {
            var content = ConfigFileContent.Parse("a.json", json.AsMemory(0, length));
            Assert.Null(content.Values);
            Assert.NotNull(content.Error);
        }
    }
}
