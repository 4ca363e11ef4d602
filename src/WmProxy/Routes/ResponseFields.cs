using System.Collections.Generic;
using System.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>Fixed fields of answers, checked once and then only copied.</summary>
internal sealed class ResponseFields
{
    private readonly KeyValuePair<string, StringValues>[] _fields;

    public ResponseFields(EquatableDictionary<string> fields)
    {
        _fields = [.. fields.Select(field => KeyValuePair.Create(field.Key, new StringValues(field.Value)))];
    }

    public void ApplyTo(IHeaderDictionary headers)
    {
        foreach (var (name, value) in _fields)
        {
            headers[name] = value;
        }
    }
}
